import { decodePageColumns, PageColumns, partitionOf, TICK_NS } from "@farmscope/domain";
import type { EventLog, LogRecord } from "@farmscope/log";
import { type Batch, EventRecordSchema, fromBinary } from "@farmscope/proto";
import { CHUNK_FRAMES, type KernelReading } from "./kernel-reading.ts";

/** Free and drain tracepoints fire before the list changes: events this much before a reading may not be in it yet. */
const MARGIN_TICKS = 10_000_000 / TICK_NS;
const RECORDS_MAX = 1_000;
/** A reading and the emitter's end take a few seconds; batches that old are enough to look at. */
const LOOK_BACK_RECORDS = 20_000;

/**
 * Marks the frames that page events of the node touched from just before they were read on: what the kernel said of them
 * and what the model says now are of different moments.
 * @param touched one byte a frame, filled in.
 * @param lastPosition newest position of the node's partition.
 */
export async function markTouched(
  log: EventLog,
  node: string,
  partitions: number,
  reading: KernelReading,
  touched: Uint8Array,
  lastPosition: number,
): Promise<void> {
  const reader = await log.read(
    { kind: "event", partition: partitionOf(node, partitions) },
    { from: Math.max(1, lastPosition - LOOK_BACK_RECORDS), key: node, allowTruncated: true },
  );
  const columns = new PageColumns();
  try {
    for (;;) {
      const records = await reader.next(RECORDS_MAX, 1_000);
      for (const record of records) markRecord(record, reading, touched, columns);
      if (records.length === 0 || records.at(-1)!.position >= lastPosition) return;
    }
  } finally {
    await reader.close();
  }
}

function markRecord(record: LogRecord, reading: KernelReading, touched: Uint8Array, columns: PageColumns): void {
  const { body } = fromBinary(EventRecordSchema, record.payload);
  if (body.case === "batch" && body.value.pages !== undefined) markBatch(body.value, reading, touched, columns);
}

function markBatch(batch: Batch, reading: KernelReading, touched: Uint8Array, columns: PageColumns): void {
  const pages = batch.pages!;
  decodePageColumns(pages.columns, pages.count, Number(batch.clock?.baseTick ?? 0n), columns);
  for (let i = 0; i < columns.length; i++) {
    const first = columns.pfn[i]!;
    const startTick = reading.startNs[Math.floor(first / CHUNK_FRAMES)]! / TICK_NS;
    if (columns.tick[i]! >= startTick - MARGIN_TICKS) touched.fill(1, first, first + 2 ** columns.order[i]!);
  }
}
