import { partitionOf } from "@farmscope/domain";
import type { EventLog, LogRecord, StreamName } from "@farmscope/log";
import { type Batch, EventRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, retrying } from "@farmscope/runtime";
import type { SourceNode } from "./source/port.ts";

/** Look-ups under way at once. */
const PARALLEL_MAX = 16;
/** Records of one reading. */
const RECORDS_PER_READ_MAX = 64;
/** Longest wait for records that are there, in milliseconds: retention may have taken them meanwhile. */
const READ_WAIT_MS = 1_000;
/** Bytes buffered ahead by one reading. */
const BUFFER_BYTES_MAX = 1 << 20;
/**
 * Places of the log that are looked through for each batch that may have been on its way: other emitters write into the
 * same partition.
 */
const PLACES_PER_BATCH = 4;

export interface ResumeOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Batches that an earlier life may have had on their way. */
  readonly windowBatchesMax: number;
}

/** What is told of a logged batch. */
interface Logged {
  readonly start: number;
  readonly seq: number;
  /** Source position that it reaches. */
  readonly position: number;
}

/**
 * Where each node's source goes on: behind the last batch of its last start before which none is missing. A publisher
 * that is killed with batches on their way can leave a hole, and what comes after it is then given again.
 *
 * Only batches of the same boot count: a source that begins another life has nothing to go on from. A hole is looked for
 * among as many batches as can have been on their way; cost: one short reading of the log's end for each node.
 */
export async function resumePositions(
  nodes: readonly SourceNode[],
  options: ResumeOptions,
): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();
  const waiting = [...nodes];
  const work = async (): Promise<void> => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const position = await positionOf(node, options);
      if (position > 0) positions.set(node.id, position);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
  return positions;
}

async function positionOf(node: SourceNode, options: ResumeOptions): Promise<number> {
  const { log, partitions, clock, signal, windowBatchesMax } = options;
  const stream: StreamName = { kind: "event", partition: partitionOf(node.id, partitions) };
  const last = await retrying(clock, () => log.lastOf(stream, node.id), { signal });
  const newest = last === null ? null : loggedOf(last, node.boot);
  if (last === null || newest === null) return 0;
  const from = Math.max(1, last.position - windowBatchesMax * PLACES_PER_BATCH);
  const records = await retrying(clock, () => readBack(log, stream, node.id, from, last.position), { signal });
  const batches = records.map((record) => loggedOf(record, node.boot)).filter((batch) => batch !== null);
  return contiguousPosition([newest, ...batches]);
}

/** Position of the last batch before the first hole, among logged batches of one boot, in any order. */
export function contiguousPosition(batches: readonly Logged[]): number {
  const start = Math.max(...batches.map((batch) => batch.start));
  const earlier = batches.filter((batch) => batch.start < start);
  const positions = new Map(
    batches.filter((batch) => batch.start === start).map(({ seq, position }) => [seq, position]),
  );
  let seq = Math.min(...positions.keys());
  // Its beginning is missing, although what came before it is there.
  if (seq > 0 && earlier.length > 0) return contiguousPosition(earlier);
  while (positions.has(seq + 1)) seq++;
  return positions.get(seq) ?? 0;
}

/** Records of one node in a range of positions, both ends included, as far as they are still there. */
async function readBack(
  log: EventLog,
  stream: StreamName,
  key: string,
  from: number,
  to: number,
): Promise<LogRecord[]> {
  const reader = await log.read(stream, { from, key, allowTruncated: true, bufferBytesMax: BUFFER_BYTES_MAX });
  const records: LogRecord[] = [];
  try {
    while ((records.at(-1)?.position ?? 0) < to) {
      const piece = await reader.next(RECORDS_PER_READ_MAX, READ_WAIT_MS);
      if (piece.length === 0) break;
      records.push(...piece);
    }
  } finally {
    await reader.close();
  }
  return records;
}

/** Null when the record is no batch of this boot. */
function loggedOf(record: LogRecord, boot: string): Logged | null {
  const { body } = fromBinary(EventRecordSchema, record.payload);
  if (body.case !== "batch") return null;
  const { identity, sourcePosition }: Batch = body.value;
  if (identity === undefined || identity.boot !== boot) return null;
  return { start: Number(identity.start), seq: identity.seq, position: Number(sourcePosition) };
}
