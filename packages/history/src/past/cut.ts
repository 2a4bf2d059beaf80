import { BatchContent, tickToUnixMs, WireFormatError } from "@farmscope/domain";
import type { OrderedBatch } from "../partition-state.ts";

/** Where a time falls in a batch. */
export interface Cut {
  readonly item: OrderedBatch;
  /** Page events before the first later-stamped one, in ring order. */
  readonly pageEvents: number;
  /** The batch, unpacked; its page events are cut off behind those. */
  readonly content: BatchContent;
}

/**
 * The cut of a time in a batch; null when nothing in it is stamped later. Events are dated as the fold dates them: by
 * their own clock, but never after the broker saw them.
 */
export function cutOf(item: OrderedBatch, timeMs: number): Cut | null {
  const { record, batch, fault } = item;
  if (record.appendedAtMs <= timeMs || fault !== null) return null;
  const content = new BatchContent();
  try {
    content.decode(batch);
  } catch (error) {
    if (error instanceof WireFormatError) return null;
    throw error;
  }
  const clock = { realtimeOffsetUs: Number(batch.clock?.realtimeOffsetUs ?? 0n) };
  const { pages } = content;
  let pageEvents = 0;
  while (pageEvents < pages.length && tickToUnixMs(pages.tick[pageEvents]!, clock) <= timeMs) pageEvents++;
  if (pageEvents === pages.length && tickToUnixMs(content.newestTick(batch), clock) <= timeMs) return null;
  pages.length = pageEvents;
  return { item, pageEvents, content };
}
