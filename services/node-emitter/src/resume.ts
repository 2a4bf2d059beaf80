import { partitionOf, REORDER_WAIT_MS, TICK_KEY } from "@farmscope/domain";
import type { EventLog, LogReader, LogRecord } from "@farmscope/log";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, OperatingError, retrying } from "@farmscope/runtime";
import type { SourceNode } from "./source/port.ts";

/** Look-ups under way at once. */
const PARALLEL_MAX = 16;
/** Records of one reading. */
const RECORDS_PER_READ_MAX = 64;
/** Longest wait for records that are there, in milliseconds: retention, or a loss, may have taken them meanwhile. */
const READ_WAIT_MS = 1_000;
/** Bytes buffered ahead by one reading. */
const BUFFER_BYTES_MAX = 1 << 20;
/**
 * Places of the log that are looked through for each batch that may have been on its way: other emitters write into the
 * same partition.
 */
const PLACES_PER_BATCH = 4;
/**
 * Age of the first batch behind a hole from which on the hole stays, in milliseconds. Half of what the fold waits for it:
 * the other half is for our first batch to reach the log, which tells the fold what comes again.
 */
const HOLE_MS_MAX = REORDER_WAIT_MS / 2;

export interface ResumeOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Batches that an earlier life may have had on their way. */
  readonly windowBatchesMax: number;
}

/** How far a node's earlier starts got, as the log tells. */
export interface ResumePoint {
  /** Newest start of this boot. */
  readonly start: number;
  /** Source position that its batches reach, none missing before it but what is given up. */
  readonly sourcePosition: number;
}

/** What is told of a logged batch. */
interface Logged {
  readonly start: number;
  readonly seq: number;
  /** Source position that it reaches. */
  readonly position: number;
  readonly appendedAtMs: number;
}

/**
 * How far each node got, by node id: to the last batch of its last start before which none is missing. A publisher that
 * is killed with batches on their way can leave a hole, and what comes after it is then given again.
 *
 * Only batches of the same boot count: a source that begins another life has nothing to go on from. Nodes that are new
 * to the log are left out. A hole is looked for among as many batches as can have been on their way; cost: one short
 * reading of the log's end for each node.
 *
 * A hole that is older than {@link HOLE_MS_MAX} stays: whoever folds the log gives up waiting soon, or has, and goes on
 * with what stands behind it, which then must not come again.
 */
export async function resumePoints(
  nodes: readonly SourceNode[],
  options: ResumeOptions,
): Promise<ReadonlyMap<string, ResumePoint>> {
  const points = new Map<string, ResumePoint>();
  const waiting = [...nodes];
  const work = async (): Promise<void> => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const point = await retrying(options.clock, () => pointOf(node, options), { signal: options.signal });
      if (point !== null) points.set(node.id, point);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
  return points;
}

/**
 * The same node with a start of its own: its earlier batches must not look newer than what comes, though the clock may
 * have been set back.
 */
export function startedAfter(node: SourceNode, point: ResumePoint | undefined): SourceNode {
  const { id, boot, start } = node;
  if (point === undefined || start > point.start) return node;
  return { id, boot, start: point.start + 1, clock: () => node.clock() };
}

/**
 * Position of the last batch before the first hole, among logged batches of one boot, as they stand in the log.
 * @param watermarkMs newest tick of the log: holes whose first batch behind them is much older count as given up.
 */
export function contiguousPosition(batches: readonly Logged[], windowBatchesMax: number, watermarkMs: number): number {
  const start = newestStart(batches);
  const logged = new Map(batches.filter((batch) => batch.start === start).map((batch) => [batch.seq, batch]));
  // All before the window had been acknowledged: if one stands here, it came late, or twice.
  const oldest = Math.max(...logged.keys()) - windowBatchesMax;
  let seq = Math.min(...[...logged.keys()].filter((candidate) => candidate >= oldest));
  // What stands behind the start's own batches came late, and tells nothing of where it began.
  const earlier = batches.slice(
    0,
    batches.findIndex((batch) => batch.start === start),
  );
  // Its beginning is missing, although what came before it is there.
  if (seq > 0 && oldest <= 0 && earlier.length > 0) {
    return contiguousPosition(earlier, windowBatchesMax, watermarkMs);
  }
  for (let next: number | null = seq; next !== null; next = nextOf(logged, seq, watermarkMs)) seq = next;
  return logged.get(seq)?.position ?? 0;
}

/** The batch after this one, or behind the hole after it when that is given up; null when there is none. */
function nextOf(logged: ReadonlyMap<number, Logged>, seq: number, watermarkMs: number): number | null {
  if (logged.has(seq + 1)) return seq + 1;
  const behind = [...logged.values()].filter((batch) => batch.seq > seq);
  const firstMs = Math.min(...behind.map(({ appendedAtMs }) => appendedAtMs));
  return watermarkMs >= firstMs + HOLE_MS_MAX ? Math.min(...behind.map((batch) => batch.seq)) : null;
}

function newestStart(batches: readonly Logged[]): number {
  return Math.max(...batches.map((batch) => batch.start));
}

async function pointOf(node: SourceNode, options: ResumeOptions): Promise<ResumePoint | null> {
  const { log, partitions, signal, windowBatchesMax } = options;
  const stream = { kind: "event", partition: partitionOf(node.id, partitions) } as const;
  const last = await log.lastOf(stream, node.id);
  if (last === null) return null;
  const from = Math.max(1, last.position - windowBatchesMax * PLACES_PER_BATCH);
  const bufferBytesMax = BUFFER_BYTES_MAX;
  const reader = await log.read(stream, { from, key: node.id, allowTruncated: true, bufferBytesMax, signal });
  const batches: Logged[] = [];
  try {
    for await (const record of recordsUpTo(last.position, reader, signal)) {
      const batch = loggedOf(record, node.boot);
      if (batch !== null) batches.push(batch);
    }
  } finally {
    await reader.close();
  }
  if (batches.length === 0) return null;
  const tick = await log.lastOf(stream, TICK_KEY);
  const sourcePosition = contiguousPosition(batches, windowBatchesMax, tick?.appendedAtMs ?? 0);
  return { start: newestStart(batches), sourcePosition };
}

/**
 * Reads to a position or beyond: half of it would be taken for the whole.
 * @throws {OperatingError} ABORTED; LOG_TRUNCATED (retriable) when what stood there does not come.
 */
async function* recordsUpTo(position: number, reader: LogReader, signal: AbortSignal): AsyncGenerator<LogRecord> {
  for (let reached = 0; reached < position; ) {
    const records = await reader.next(RECORDS_PER_READ_MAX, READ_WAIT_MS);
    if (signal.aborted) throw new OperatingError("ABORTED", "stopped while it looked for where it was");
    const newest = records.at(-1);
    if (newest === undefined) {
      throw new OperatingError("LOG_TRUNCATED", `nothing came up to position ${position}`, { retriable: true });
    }
    yield* records;
    reached = newest.position;
  }
}

/** Null when the record is no batch of this boot. */
function loggedOf(record: LogRecord, boot: string): Logged | null {
  const { body } = fromBinary(EventRecordSchema, record.payload);
  if (body.case !== "batch") return null;
  const { identity, sourcePosition } = body.value;
  if (identity === undefined || identity.boot !== boot) return null;
  const position = Number(sourcePosition);
  return { start: Number(identity.start), seq: identity.seq, position, appendedAtMs: record.appendedAtMs };
}
