import { decodePageColumns, PageColumns, PageEventKind, partitionOf } from "@farmscope/domain";
import { type Batch, EventRecordSchema, fromBinary } from "@farmscope/proto";
import type { Outside } from "../stack/summary.ts";

const RECORDS_MAX = 500;
const WAIT_MS = 500;

/** One batch of a node, with its place in the log. */
export interface PlacedBatch {
  readonly position: number;
  readonly batch: Batch;
}

/** All batches of a node in [from, through], in the order of the log. */
export async function* batchesOf(
  { log, partitions }: Outside,
  node: string,
  from: number,
  through: number,
): AsyncGenerator<PlacedBatch> {
  const partition = partitionOf(node, partitions);
  const reader = await log.read({ kind: "event", partition }, { from, key: node, allowTruncated: true });
  try {
    for (;;) {
      const records = await reader.next(RECORDS_MAX, WAIT_MS);
      for (const { position, payload } of records) {
        if (position > through) return;
        const { body } = fromBinary(EventRecordSchema, payload);
        if (body.case === "batch") yield { position, batch: body.value };
      }
      if (records.length === 0 || records.at(-1)!.position >= through) return;
    }
  } finally {
    await reader.close();
  }
}

const columns = new PageColumns();

/** Page events of a batch; the columns are reused by the next call. */
export function pageEventsOf(batch: Batch): PageColumns {
  columns.length = 0;
  const pages = batch.pages;
  if (pages !== undefined) {
    decodePageColumns(pages.columns, pages.count, Number(batch.clock?.baseTick ?? 0n), columns);
  }
  return columns;
}

/** States of a frame, as the judge sees them. */
export const FrameState = { Unknown: 0, Free: 1, Allocated: 2, PerCpu: 3 } as const;

/** State that an event gives its frames: the state machine, written down a second time on purpose. */
export function stateAfter(kind: number, order: number, pcpOrderMask: number): number {
  if (kind === PageEventKind.Alloc) return FrameState.Allocated;
  if (kind === PageEventKind.Drain) return FrameState.Free;
  if (kind === PageEventKind.Free) return (pcpOrderMask & (1 << order)) === 0 ? FrameState.Free : FrameState.PerCpu;
  return FrameState.PerCpu;
}
