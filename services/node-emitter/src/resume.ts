import { partitionOf } from "@farmscope/domain";
import type { EventLog, LogReader, LogRecord } from "@farmscope/log";
import { type Batch, EventRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, OperatingError, retrying } from "@farmscope/runtime";
import type { SourceNode } from "./source/port.ts";

/** Look-ups under way at once. */
const PARALLEL_MAX = 16;
/**
 * Records of the partition that are looked through for a node's batches: a retried batch may have landed behind later
 * ones. At 1,000 records a second that is more than the 10 s after which a missing batch counts as lost.
 */
const LOOK_BACK_RECORDS = 16_384;
const RECORDS_PER_READ_MAX = 256;
const READ_WAIT_MS = 1_000;

export interface ResumeOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How far a node's earlier starts got, as the log tells. */
export interface ResumePoint {
  /** Newest start of this boot. */
  readonly start: number;
  /** Source position that its batches reach. */
  readonly sourcePosition: number;
}

/**
 * How far each node got, by node id. Only batches of the same boot count: a source that begins another life has nothing
 * to go on from. Nodes that are new to the log are left out.
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

async function pointOf(node: SourceNode, { log, partitions, signal }: ResumeOptions): Promise<ResumePoint | null> {
  const stream = { kind: "event", partition: partitionOf(node.id, partitions) } as const;
  const last = await log.lastOf(stream, node.id);
  if (last === null) return null;
  const from = Math.max(1, last.position - LOOK_BACK_RECORDS);
  const reader = await log.read(stream, { from, key: node.id, allowTruncated: true, signal });
  let point: ResumePoint | null = null;
  try {
    for await (const { payload } of recordsUpTo(last.position, reader, signal)) {
      point = later(point, batchOf(node, payload));
    }
  } finally {
    await reader.close();
  }
  return point;
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

function batchOf(node: SourceNode, payload: Uint8Array): Batch | null {
  const { body } = fromBinary(EventRecordSchema, payload);
  return body.case === "batch" && body.value.identity?.boot === node.boot ? body.value : null;
}

/** Batches of a start that is over are not folded when they come late, so only those of the newest one count. */
function later(point: ResumePoint | null, batch: Batch | null): ResumePoint | null {
  if (batch === null) return point;
  const start = Number(batch.identity!.start);
  const sourcePosition = Number(batch.sourcePosition);
  if (point === null || start > point.start) return { start, sourcePosition };
  if (start < point.start || sourcePosition <= point.sourcePosition) return point;
  return { start, sourcePosition };
}
