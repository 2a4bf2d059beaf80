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
import { PAGE_EVENT_KINDS, type PageColumns } from "../page/columns.ts";
import { PageRuns } from "./page-runs.ts";
import { putVarint32, putZigzag53, VARINT32_BYTES_MAX, VARINT53_BYTES_MAX, VarintReader } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

/** Number of this codec in PageEvents.codec. */
export const PAGE_COLUMNS_CODEC = 1;

const MIGRATE_TYPE_MAX = 7;
const BYTES_PER_EVENT_MAX = VARINT53_BYTES_MAX + VARINT32_BYTES_MAX;
const BYTES_PER_RUN_MAX = 2 * VARINT32_BYTES_MAX;
const BYTES_PER_CONTEXT_MAX = 2 * VARINT32_BYTES_MAX + 2;

/** Working memory of both directions; one batch is coded at a time. Grown when a batch is larger than all before. */
let sharedRuns = new PageRuns();
let lastPfn = new Uint32Array(sharedRuns.capacity);
let contextSeen = new Uint8Array(sharedRuns.capacity);
let steps = new Float64Array(sharedRuns.capacity);
let output = new Uint8Array(0);

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
 * Decodes `count` events into `into`, replacing what it held. 10 to 20 ns an event.
 * @param runs receives the runs of one context, for consumers that work run by run; at least `into.capacity` large.
 * @throws {WireFormatError} malformed; over-limit when `into` is too small. `into` is then empty.
 */
export function decodePageColumns(
  bytes: Uint8Array,
  count: number,
  baseTick: number,
  into: PageColumns,
  runs: PageRuns = prepare(into.capacity),
): void {
  into.length = 0;
  runs.length = 0;
  if (count > into.capacity) {
    throw new WireFormatError("over-limit", `${count} page events where at most ${into.capacity} may be`);
  }
  prepare(into.capacity);
  const reader = new VarintReader(bytes);
  readContexts(reader, count, runs);
  readRuns(reader, count, runs);
  readTicks(reader, count, baseTick, into.tick);
  readPfns(reader, count, runs, into.pfn);
  reader.expectEnd();
  spreadContexts(runs, into);
  into.length = count;
}

function prepare(events: number): PageRuns {
  if (events > sharedRuns.capacity) {
    sharedRuns = new PageRuns(events);
    lastPfn = new Uint32Array(events);
    contextSeen = new Uint8Array(events);
    steps = new Float64Array(events);
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

function readContexts(reader: VarintReader, count: number, runs: PageRuns): void {
  const contexts = reader.varint32();
  if (contexts > count) throw new WireFormatError("malformed", `${contexts} contexts for ${count} events`);
  for (let context = 0; context < contexts; context++) {
    runs.pid[context] = reader.varint32();
    runs.cgroup[context] = reader.varint32();
    const what = reader.varint32();
    const kind = what & 7;
    if (kind >= PAGE_EVENT_KINDS || what >= 1 << 11) throw new WireFormatError("malformed", `no page event is ${what}`);
    runs.kind[context] = kind;
    runs.migrateType[context] = (what >>> 3) & 7;
    runs.order[context] = what >>> 6;
  }
  runs.contexts = contexts;
}

function readRuns(reader: VarintReader, count: number, runs: PageRuns): void {
  let covered = 0;
  let run = 0;
  while (covered < count) {
    const head = reader.varint32();
    const context = head >>> 1;
    if (context >= runs.contexts) throw new WireFormatError("malformed", `there is no context ${context}`);
    covered += (head & 1) === 1 ? 1 : reader.varint32() + 2;
    runs.context[run] = context;
    runs.end[run++] = covered;
  }
  if (covered > count) throw new WireFormatError("malformed", `runs of ${covered} events where ${count} are announced`);
  runs.length = run;
}

function readTicks(reader: VarintReader, count: number, baseTick: number, tick: Float64Array): void {
  reader.zigzags(count, tick);
  let last = baseTick;
  for (let index = 0; index < count; index++) {
    last += tick[index];
    tick[index] = last;
  }
}

function readPfns(reader: VarintReader, count: number, runs: PageRuns, pfn: Uint32Array): void {
  reader.zigzags(count, steps);
  let index = 0;
  let last = 0;
  contextSeen.fill(0, 0, runs.contexts);
  for (let run = 0; run < runs.length; run++) {
    const context = runs.context[run];
    if (contextSeen[context] === 1) last = lastPfn[context];
    const end = runs.end[run];
    for (; index < end; index++) {
      last = (last + steps[index]) >>> 0;
      pfn[index] = last;
    }
    lastPfn[context] = last;
    contextSeen[context] = 1;
  }
}

function spreadContexts(runs: PageRuns, into: PageColumns): void {
  const { pid, cgroup, kind, order, migrateType } = into;
  let index = 0;
  for (let run = 0; run < runs.length; run++) {
    const context = runs.context[run];
    const who = runs.pid[context];
    const group = runs.cgroup[context];
    const what = runs.kind[context];
    const size = runs.order[context];
    const type = runs.migrateType[context];
    const end = runs.end[run];
    for (; index < end; index++) {
      pid[index] = who;
      cgroup[index] = group;
      kind[index] = what;
      order[index] = size;
      migrateType[index] = type;
    }
  }
}
