import { PageEventKind } from "@farmscope/domain";
import type { LoggedBatch } from "@farmscope/history";
import { ObservationReason } from "@farmscope/proto";
import type { QueryContext } from "../context.ts";
import { EVENT_BATCHES_MAX } from "../limits.ts";
import { datesOf, lostOf } from "../measure/batch-clock.ts";
import { enumName } from "../measure/enum-name.ts";
import type { EventKind, RawEvent } from "../schemas/index.ts";

export interface EventsRequest {
  readonly node: string;
  readonly kind: EventKind | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** Goes on behind this event; null: from the beginning. */
  readonly after: EventPlace | null;
  readonly limit: number;
}

/** An event by its batch, and its number among those of the batch, from 0. */
export interface EventPlace {
  readonly position: number;
  readonly index: number;
}

const PAGE_EVENT_NAMES = Object.entries(PageEventKind)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name.toLowerCase());
const NS_PER_US = 1_000;
/** Behind every event of a batch. */
const INDEX_MAX = 999_999;

/**
 * Raw events of a node, in the order of the log.
 * @throws {OperatingError} OVERLOADED, ABORTED; LOG_UNAVAILABLE (retriable).
 */
export async function readEvents(
  { past }: QueryContext,
  { node, kind, fromMs, toMs, after, limit }: EventsRequest,
  signal: AbortSignal,
): Promise<{ readonly events: RawEvent[]; readonly next: EventPlace | null; readonly position: number }> {
  const events: RawEvent[] = [];
  const account = new LossAccount();
  let last: EventPlace = after ?? { position: 0, index: -1 };
  let batches = 0;
  for await (const batch of past.logged(node, fromMs, toMs, signal, after?.position)) {
    const { position } = batch.item.record;
    // A page that finds little ends early, so that no request reads a whole day.
    if (batches++ === EVENT_BATCHES_MAX) return { events, next: last, position: last.position };
    for (const [index, event] of eventsOf(batch, account, kind).entries()) {
      if (after !== null && position === after.position && index <= after.index) continue;
      if (event.atMs < fromMs || event.atMs >= toMs) continue;
      if (events.length === limit) return { events, next: last, position: last.position };
      events.push(event);
      last = { position, index };
    }
    last = { position, index: INDEX_MAX };
  }
  return { events, next: null, position: last.position };
}

/** Notices between batches of one node what was lost on the way, and where its emitter began anew. */
class LossAccount {
  #start = "";
  #seqMax = -1;
  #lost = { pages: 0, runq: 0, gc: 0 };

  of({ item }: LoggedBatch): readonly { readonly kind: "loss" | "start"; readonly detail: string }[] {
    const { boot, start, seq } = item.batch.identity!;
    const found: { kind: "loss" | "start"; detail: string }[] = [];
    const isFirst = this.#start === "";
    if (this.#start !== `${boot}/${start}`) {
      if (!isFirst || seq === 0) found.push({ kind: "start", detail: `boot ${boot}, start ${start}` });
      this.#seqMax = isFirst ? seq - 1 : -1;
      this.#lost = isFirst ? lostOf(item.batch) : { pages: 0, runq: 0, gc: 0 };
      this.#start = `${boot}/${start}`;
    }
    if (seq > this.#seqMax + 1) {
      found.push({ kind: "loss", detail: `${seq - this.#seqMax - 1} batches are missing, or come later` });
    }
    this.#seqMax = Math.max(this.#seqMax, seq);
    const lost = lostOf(item.batch);
    for (const kind of ["pages", "runq", "gc"] as const) {
      if (lost[kind] > this.#lost[kind])
        found.push({ kind: "loss", detail: `${lost[kind] - this.#lost[kind]} events of ${kind}` });
    }
    this.#lost = { ...lost };
    return found;
  }
}

/** Everything that a batch tells, of one kind or of all; the same batch gives the same list. */
function eventsOf(logged: LoggedBatch, account: LossAccount, kind: EventKind | null): RawEvent[] {
  const { item, content } = logged;
  const { batch, record } = item;
  const { position } = record;
  const dateOf = datesOf(batch, record.appendedAtMs);
  const baseTick = Number(batch.clock?.baseTick ?? 0n);
  const events: RawEvent[] = [];
  const wants = (one: EventKind): boolean => kind === null || kind === one;
  if (wants("observation") && batch.observation !== undefined) {
    const { id, reason, begin, end, chunks } = batch.observation;
    const frames = chunks.reduce((sum, { count }) => sum + count, 0);
    const part = `${begin ? ", first part" : ""}${end ? ", last part" : ""}`;
    const detail = `${id}, ${enumName(ObservationReason, reason)}, ${frames} frames${part}`;
    events.push({ kind: "observation", atMs: dateOf(content.newestTick(batch)), position, detail });
  }
  if (wants("pages")) pushPages(logged, dateOf, events);
  if (wants("runq")) pushRunq(logged, dateOf, events);
  if (wants("gc")) pushPauses(logged, dateOf, events);
  // Last, so that the numbers of the others do not depend on what was read before.
  for (const { kind: what, detail } of account.of(logged)) {
    if (wants(what)) events.push({ kind: what, atMs: dateOf(baseTick), position, detail });
  }
  return events;
}

function pushPauses({ item }: LoggedBatch, dateOf: (tick: number) => number, events: RawEvent[]): void {
  const { batch, record } = item;
  const { position } = record;
  const baseTick = Number(batch.clock?.baseTick ?? 0n);
  for (const { endTickOffset, durationNs, pid, cgroup, command } of batch.gcPauses) {
    const durationUs = Number(durationNs) / NS_PER_US;
    events.push({
      kind: "gc",
      atMs: dateOf(baseTick + Number(endTickOffset)),
      position,
      pid,
      cgroup,
      durationUs,
      command,
    });
  }
}

function pushPages({ item, content }: LoggedBatch, dateOf: (tick: number) => number, events: RawEvent[]): void {
  const { position } = item.record;
  const { pages } = content;
  for (let index = 0; index < pages.length; index++) {
    events.push({
      kind: "pages",
      atMs: dateOf(pages.tick[index]!),
      position,
      event: PAGE_EVENT_NAMES[pages.kind[index]!] ?? "unknown",
      pfn: pages.pfn[index]!,
      order: pages.order[index]!,
      migrateType: pages.migrateType[index]!,
      pid: pages.pid[index]!,
      cgroup: pages.cgroup[index]!,
    });
  }
}

function pushRunq({ item, content }: LoggedBatch, dateOf: (tick: number) => number, events: RawEvent[]): void {
  const { position } = item.record;
  const { runq } = content;
  for (let index = 0; index < runq.length; index++) {
    events.push({
      kind: "runq",
      atMs: dateOf(runq.tick[index]!),
      position,
      pid: runq.pid[index]!,
      cgroup: runq.cgroup[index]!,
      cpu: runq.cpu[index]!,
      previousPid: runq.previousPid[index]!,
      durationUs: runq.delayNs[index]! / NS_PER_US,
    });
  }
}
