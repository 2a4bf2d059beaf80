import {
  BatchContent,
  BatchOrder,
  identityFault,
  type OrderStep,
  tickToUnixMs,
  WireFormatError,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { OperatingError } from "@farmscope/runtime";
import type { OrderedBatch } from "../partition-state.ts";
import { orderedBatchOf } from "../stages/decode.ts";
import { placeOf } from "../stages/dedupe.ts";
import { type KeyedRange, keyedRecords } from "./keyed-records.ts";

/** Most events of one node that are read for one answer. */
export const READ_EVENTS_MAX = 20_000_000;

/** What a node sent, one after the other, in the order of its ring. */
export type NodeBatch =
  | { readonly kind: "batch"; readonly item: OrderedBatch; readonly content: BatchContent }
  | { readonly kind: "gap"; readonly count: number; readonly position: number; readonly atMs: number }
  | {
      readonly kind: "start";
      readonly boot: string;
      readonly start: number;
      readonly position: number;
      readonly atMs: number;
    };

export interface NodeBatchesOptions extends Omit<KeyedRange, "keys"> {
  readonly node: string;
  /** What was appended before holds nothing that is wanted, Unix milliseconds: it is not unpacked. */
  readonly fromMs: number;
  /** Ends with the first batch that begins at this time or later. */
  readonly toMs: number;
  readonly signal: AbortSignal;
}

/**
 * The batches of a node that can hold events of [fromMs, toMs), unpacked, in the order of their sequence numbers.
 * Nothing is folded. The unpacked content is valid until the next one is asked for.
 * @throws {OperatingError} QUERY_TOO_LARGE beyond READ_EVENTS_MAX; ABORTED; LOG_UNAVAILABLE (retriable).
 */
export async function* nodeBatches(options: NodeBatchesOptions): AsyncGenerator<NodeBatch> {
  const { node, fromMs, toMs, signal } = options;
  const order = new BatchOrder<OrderedBatch>(true);
  const content = new BatchContent();
  let events = 0;
  let last: LogRecord | null = null;
  const steps = function* (some: readonly OrderStep<OrderedBatch>[], by: LogRecord): Generator<NodeBatch, boolean> {
    for (const step of some) {
      if (step.kind === "turn") {
        if (isFrom(step.item, toMs)) return true;
        if (step.item.record.appendedAtMs < fromMs || !unpack(step.item, content)) continue;
        events += content.pages.length + content.runq.length;
        yield { kind: "batch", item: step.item, content };
      } else if (by.appendedAtMs >= fromMs && step.kind !== "duplicate") {
        const place = { position: by.position, atMs: by.appendedAtMs };
        if (step.kind === "gap") yield { kind: "gap", count: step.count, ...place };
        else yield { kind: "start", boot: step.boot, start: step.start, ...place };
      }
    }
    return false;
  };
  for await (const record of keyedRecords({ ...options, keys: [node] })) {
    if (signal.aborted) throw new OperatingError("ABORTED", "nobody waits for the answer any more");
    last = record;
    const item = batchIn(record);
    if (item === null) continue;
    // The node's own appends are time enough here: a gap is told of a little later than the fold declares it.
    if (yield* steps([...order.pass(record.appendedAtMs), ...order.offer(placeOf(item), item)], record)) return;
    if (events > READ_EVENTS_MAX) throw tooMany(node);
  }
  if (last !== null) yield* steps(order.pass(Number.POSITIVE_INFINITY), last);
}

/** A batch as it stands in the log, unpacked. */
export interface LoggedBatch {
  readonly item: OrderedBatch;
  readonly content: BatchContent;
}

/**
 * The same batches in the order of the log, without what came twice: a place in it can be gone on from.
 * @throws {OperatingError} ABORTED; LOG_UNAVAILABLE (retriable).
 */
export async function* loggedBatches(options: NodeBatchesOptions): AsyncGenerator<LoggedBatch> {
  const { node, fromMs, toMs, signal } = options;
  const content = new BatchContent();
  const seen = new Set<string>();
  for await (const record of keyedRecords({ ...options, keys: [node] })) {
    if (signal.aborted) throw new OperatingError("ABORTED", "nobody waits for the answer any more");
    const item = batchIn(record);
    if (item === null || record.appendedAtMs < fromMs) continue;
    if (isFrom(item, toMs)) return;
    const { boot, start, seq } = item.batch.identity!;
    const id = `${boot}/${start}/${seq}`;
    if (seen.has(id) || !unpack(item, content)) continue;
    seen.add(id);
    yield { item, content };
  }
}

/** The batch that a record holds; null when it holds none, or one that is not ours to fold. */
export function batchIn(record: LogRecord): OrderedBatch | null {
  try {
    const item = orderedBatchOf(record);
    return identityFault(item.batch) === null ? item : null;
  } catch (error) {
    if (error instanceof WireFormatError) return null;
    throw error;
  }
}

function unpack({ batch, fault }: OrderedBatch, into: BatchContent): boolean {
  if (fault !== null) return false;
  try {
    into.decode(batch);
    return true;
  } catch (error) {
    if (error instanceof WireFormatError) return false;
    throw error;
  }
}

function isFrom({ batch, record }: OrderedBatch, timeMs: number): boolean {
  if (record.appendedAtMs < timeMs) return false;
  const clock = { realtimeOffsetUs: Number(batch.clock?.realtimeOffsetUs ?? 0n) };
  return tickToUnixMs(Number(batch.clock?.baseTick ?? 0n), clock) >= timeMs;
}

function tooMany(node: string): OperatingError {
  return new OperatingError("QUERY_TOO_LARGE", `"${node}" has more than ${READ_EVENTS_MAX} events there`, {
    remedy: "ask for a shorter period",
  });
}
