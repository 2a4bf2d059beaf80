import { ObservationReason } from "@farmscope/proto";
import { type PlacedBatch, pageEventsOf } from "./node-batches.ts";

/** What the log tells of one frame, newest of each kind. Ticks are -Infinity where there is nothing. */
export interface FrameHistory {
  /** The newest page event: kind, order, tick. */
  eventKind: number;
  eventOrder: number;
  eventTick: number;
  /** The newest reading of the frame in an observation, and its reason. */
  readTick: number;
  readReason: ObservationReason;
  /** The newest compaction that scanned it for free pages. */
  compactedTick: number;
}

function nothing(): FrameHistory {
  const never = Number.NEGATIVE_INFINITY;
  return {
    eventKind: -1,
    eventOrder: 0,
    eventTick: never,
    readTick: never,
    readReason: ObservationReason.UNSPECIFIED,
    compactedTick: never,
  };
}

/** Collects the histories of `frames` from batches in the order of the log. */
export async function frameHistories(
  frames: readonly number[],
  batches: AsyncIterable<PlacedBatch>,
): Promise<Map<number, FrameHistory>> {
  const histories = new Map(frames.map((pfn) => [pfn, nothing()]));
  const sorted = Uint32Array.from(frames).sort();
  const within = (first: number, end: number, take: (history: FrameHistory) => void): void => {
    for (let at = lowerBound(sorted, first); at < sorted.length && sorted[at]! < end; at++) {
      take(histories.get(sorted[at]!)!);
    }
  };
  for await (const { batch } of batches) {
    const { tick, pfn, order, kind, length } = pageEventsOf(batch);
    for (let index = 0; index < length; index++) {
      within(pfn[index]!, pfn[index]! + 2 ** order[index]!, (history) => {
        history.eventKind = kind[index]!;
        history.eventOrder = order[index]!;
        history.eventTick = tick[index]!;
      });
    }
    for (const chunk of batch.observation?.chunks ?? []) {
      within(chunk.firstPfn, chunk.firstPfn + chunk.count, (history) => {
        history.readTick = Number(chunk.tick);
        history.readReason = batch.observation!.reason;
      });
    }
    for (const range of batch.compactions) {
      within(range.firstPfn, range.firstPfn + range.count, (history) => {
        history.compactedTick = Number(range.tick);
      });
    }
  }
  return histories;
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
