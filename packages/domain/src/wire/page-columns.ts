/**
 * Codec 1 of PageEvents.columns: page events column by column, about 3 bytes each.
 *
 *   +----------+------------------+------------------+-----------------+----------------+
 *   | contexts | contexts x       | runs x           | count x         | count x        |
 *   |          | pid cgroup what  | head (length)    | tick step       | pfn step       |
 *   +----------+------------------+------------------+-----------------+----------------+
 *     varint     varint  x 3        varint x 1 or 2    zigzag varint     zigzag varint
 *
 *   what      kind (bits 0..2), migrate type (3..5, 7 also for any above), order (6..10)
 *   head      context number x 2, plus 1 when the run is one event long; else length - 2 follows.
 *             Runs go on until `count` events are covered
 *   tick step tick minus the tick of the event before (the first: minus the batch's base tick), up to 2^52 either way
 *   pfn step  pfn minus the last pfn of the same context (the first of a context: minus the pfn of the event before;
 *             the first of all: minus 0), modulo 2^32
 *
 * `count` and the base tick stand outside, in the envelope. Tasks walk through memory, so steps within a context are
 * short even where tasks interleave.
 */
import { ColumnDecoder } from "../kernel/column-decoder.ts";
import { PAGE_EVENTS_MAX, type PageColumns } from "../page/columns.ts";
import { PageRuns } from "./page-runs.ts";
import { putVarint32, putZigzag53, VARINT32_BYTES_MAX, VARINT53_BYTES_MAX } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

/** Number of this codec in PageEvents.codec. */
export const PAGE_COLUMNS_CODEC = 1;

const MIGRATE_TYPE_MAX = 7;
const BYTES_PER_EVENT_MAX = VARINT53_BYTES_MAX + VARINT32_BYTES_MAX;
const BYTES_PER_RUN_MAX = 2 * VARINT32_BYTES_MAX;
const BYTES_PER_CONTEXT_MAX = 2 * VARINT32_BYTES_MAX + 2;

/** Working memory; one batch is coded at a time. Grown when a batch is larger than all before. */
let sharedRuns = new PageRuns();
let lastPfn = new Uint32Array(sharedRuns.capacity);
let contextSeen = new Uint8Array(sharedRuns.capacity);
let output = new Uint8Array(0);
let decoder: ColumnDecoder | null = null;

/**
 * Encodes all events of `columns`. 25 to 40 ns an event.
 * @param baseTick tick that the first event's is relative to; Clock.base_tick of the envelope.
 * @returns bytes of their own.
 */
export function encodePageColumns(columns: PageColumns, baseTick: number): Uint8Array {
  const runs = prepare(columns.length);
  runs.scan(columns);
  reserveOutput(columns.length * BYTES_PER_EVENT_MAX + runs.length * BYTES_PER_RUN_MAX, runs.contexts);
  let at = putContexts(runs, 0);
  at = putRuns(runs, at);
  at = putTicks(columns, baseTick, at);
  at = putPfns(columns, runs, at);
  return output.slice(0, at);
}

/**
 * Decodes `count` events into `into`, replacing what it held. 8 to 12 ns an event, in ../kernel/decode-columns.c.
 * @throws {WireFormatError} malformed; over-limit when there are more than PAGE_EVENTS_MAX or `into` is too small. `into`
 * is then empty.
 */
export function decodePageColumns(bytes: Uint8Array, count: number, baseTick: number, into: PageColumns): void {
  into.length = 0;
  const eventsMax = Math.min(PAGE_EVENTS_MAX, into.capacity);
  if (count > eventsMax) {
    throw new WireFormatError("over-limit", `${count} page events where at most ${eventsMax} may be`);
  }
  decoder ??= new ColumnDecoder();
  decoder.decode(bytes, count, baseTick);
  decoder.copyInto(into);
}

function prepare(events: number): PageRuns {
  if (events > sharedRuns.capacity) {
    sharedRuns = new PageRuns(events);
    lastPfn = new Uint32Array(events);
    contextSeen = new Uint8Array(events);
  }
  return sharedRuns;
}

function reserveOutput(size: number, contexts: number): void {
  const needed = size + contexts * BYTES_PER_CONTEXT_MAX + VARINT32_BYTES_MAX;
  if (needed > output.length) output = new Uint8Array(needed);
}

function putContexts(runs: PageRuns, start: number): number {
  let at = putVarint32(output, start, runs.contexts);
  for (let context = 0; context < runs.contexts; context++) {
    at = putVarint32(output, at, runs.pid[context]);
    at = putVarint32(output, at, runs.cgroup[context]);
    const type = Math.min(MIGRATE_TYPE_MAX, runs.migrateType[context]);
    const what = runs.kind[context] | (type << 3) | (runs.order[context] << 6);
    at = putVarint32(output, at, what);
  }
  return at;
}

function putRuns(runs: PageRuns, start: number): number {
  let at = start;
  let first = 0;
  for (let run = 0; run < runs.length; run++) {
    const length = runs.end[run] - first;
    first = runs.end[run];
    const head = runs.context[run] * 2;
    if (length === 1) {
      at = putVarint32(output, at, head + 1);
    } else {
      at = putVarint32(output, at, head);
      at = putVarint32(output, at, length - 2);
    }
  }
  return at;
}

function putTicks(columns: PageColumns, baseTick: number, start: number): number {
  const { tick, length } = columns;
  const bytes = output;
  let at = start;
  let last = baseTick;
  for (let index = 0; index < length; index++) {
    const now = tick[index];
    at = putZigzag53(bytes, at, now - last);
    last = now;
  }
  return at;
}

function putPfns(columns: PageColumns, runs: PageRuns, start: number): number {
  const { pfn } = columns;
  const bytes = output;
  let at = start;
  let index = 0;
  let last = 0;
  contextSeen.fill(0, 0, runs.contexts);
  for (let run = 0; run < runs.length; run++) {
    const context = runs.context[run];
    if (contextSeen[context] === 1) last = lastPfn[context];
    const end = runs.end[run];
    for (; index < end; index++) {
      const step = (pfn[index] - last) | 0;
      last = pfn[index];
      at = putVarint32(bytes, at, ((step << 1) ^ (step >> 31)) >>> 0);
    }
    lastPfn[context] = last;
    contextSeen[context] = 1;
  }
  return at;
}
