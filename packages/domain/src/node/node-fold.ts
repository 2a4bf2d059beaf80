import {
  type Agreement,
  AgreementSchema,
  type Batch,
  type NodeFacts,
  ObservationReason,
  Signal,
  toBinary,
} from "@farmscope/proto";
import type { Distribution } from "../distribution/distribution.ts";
import { SLOTS, slotOf } from "../distribution/slots.ts";
import type { PageMapForm } from "../kernel/page-kernel.ts";
import { OWNER_KEEP_ONE_IN, ownerSalt } from "../page/block-sample.ts";
import { PageFold } from "../page/page-fold.ts";
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { type ClockOffset, TICK_NS, tickToUnixMs } from "../time.ts";
import type { NodeMoment } from "../window/node-moment.ts";
import { NodeWindows } from "../window/node-windows.ts";
import type { BatchContent } from "./batch-content.ts";
import { CgroupSignals } from "./cgroup-signals.ts";
import { RedisInstances } from "./redis-instances.ts";
import { SignalSet } from "./signal-set.ts";
import { StreamAccount, totalsOf } from "./stream-account.ts";

/** Where a batch stands in its partition, and what of the partition's time its folding depends on. */
export interface FoldPlace {
  readonly position: number;
  readonly appendedAtMs: number;
  /** Windows before this are closed, Unix milliseconds. */
  readonly openFromMs: number;
}

export interface NodeFoldOptions {
  /** How much is held of each page frame. Default base. */
  readonly pageMapForm?: PageMapForm;
  /** The owners of one block in so many are followed. Default OWNER_KEEP_ONE_IN. */
  readonly ownersKeepOneIn?: number;
}

/** Numbers of batches by what became of them. */
export interface BatchTally {
  folded: number;
  duplicates: number;
  gaps: number;
  dead: number;
}

const EVENT_KINDS = ["pages", "runq", "gc"] as const;
const NS_PER_US = 1000;

/**
 * Everything that is known of one node: a fold over its batches in the order of their sequence numbers. The same
 * batches at the same places give the same state, bit for bit.
 */
export class NodeFold {
  readonly node: string;
  farm = "";
  boot = "";
  start = 0;
  agreement: Agreement | null = null;
  position = 0;
  lastEventMs = 0;
  lastAppendMs = 0;
  /** Append time minus event time of the newest batch. */
  skewMs = 0;
  /** Page events caught by the second program after a recursion miss, in the current start. */
  recovered = 0;
  /** Latencies that came too late for any window. */
  late = 0;
  readonly batches: BatchTally = { folded: 0, duplicates: 0, gaps: 0, dead: 0 };
  readonly accounts = { pages: new StreamAccount(), runq: new StreamAccount(), gc: new StreamAccount() };
  readonly signals = new SignalSet();
  readonly cgroups = new CgroupSignals();
  readonly redis = new RedisInstances();
  readonly windows: NodeWindows;
  pages: PageFold;
  readonly #options: NodeFoldOptions;
  #beginsWithin = false;

  constructor(node: string, options: NodeFoldOptions = {}) {
    this.node = node;
    this.windows = new NodeWindows(node, (cgroup) => this.cgroups.pathOf(cgroup));
    this.#options = options;
    this.pages = this.emptyPages();
  }

  /** What the host said of itself in this boot; null before it did. */
  get facts(): NodeFacts | null {
    return this.pages.facts;
  }

  /** Takes note that a batch was read, whether its turn has come or not: its counters say what is on its way. */
  read(batch: Batch, appendedAtMs: number): void {
    if (this.#isCurrent(batch)) {
      for (const kind of EVENT_KINDS) this.accounts[kind].read(totalsOf(batch.counters?.[kind]));
    }
    this.lastAppendMs = Math.max(this.lastAppendMs, appendedAtMs);
  }

  /**
   * A new life of the emitter begins. After a new boot nothing is known of the memory any more.
   * @param firstSeq sequence number of the first batch; when it is not 0, the log's beginning is gone, and what was
   *   counted before that batch is not ours.
   * @param resumes what the last start had on its way comes again in this one.
   */
  begin(boot: string, start: number, firstSeq = 0, resumes = false): void {
    if (this.boot !== "") for (const account of Object.values(this.accounts)) account.endStart(resumes);
    const isBoot = boot !== this.boot;
    this.boot = boot;
    if (isBoot) this.#forgetMemory();
    this.start = start;
    this.recovered = 0;
    this.#beginsWithin = firstSeq > 0;
  }

  /**
   * Folds a batch whose turn has come.
   * @param content what the batch carries, unpacked.
   * @throws {WireFormatError} when its facts describe no kernel's zones; nothing has been changed then.
   */
  fold(batch: Batch, content: BatchContent, place: FoldPlace): void {
    const clock = { realtimeOffsetUs: Number(batch.clock?.realtimeOffsetUs ?? 0n) };
    if (batch.facts !== undefined) this.pages.setFacts(batch.facts);
    const dateMs = dateOf(Number(batch.clock?.baseTick ?? 0n), clock, place);
    this.windows.enter(dateMs, batch.farm, () => this.moment());
    this.farm = batch.farm;
    this.cgroups.name(batch.cgroups);
    this.#foldPages(batch, content, clock, place);
    this.#foldLatencies(batch, content, clock, place);
    this.redis.apply(batch.redis);
    this.#count(batch, "fold");
    this.recovered = Math.max(this.recovered, Number(batch.counters?.pages?.recovered ?? 0n));
    this.batches.folded++;
    this.position = place.position;
    const eventMs = tickToUnixMs(content.newestTick(batch), clock);
    this.lastEventMs = Math.max(this.lastEventMs, Math.min(Math.floor(eventMs), place.appendedAtMs));
    this.skewMs = place.appendedAtMs - eventMs;
  }

  /** Counts a batch whose turn has come but that could not be folded. */
  bury(batch: Batch): void {
    if (this.farm === "") this.farm = batch.farm;
    this.#count(batch, "bury");
    this.batches.dead++;
  }

  /** The node as a window shows it at its end. Cost: one pass over its zones' counts. */
  moment(): NodeMoment {
    return {
      farm: this.farm,
      zones: this.pages.zones(),
      observed: this.pages.observed,
      hugeOrder: this.facts?.hugeOrder ?? 0,
      pages: this.accounts.pages.balance(),
      runq: this.accounts.runq.balance(),
      gc: this.accounts.gc.balance(),
      redis: this.redis.all(),
      skewMs: this.skewMs,
    };
  }

  /** Writes all of it but {@link pages}, which is large and encodes itself, for {@link decode}. */
  encode(into: StateWriter): void {
    for (const text of [this.farm, this.boot]) into.text(text);
    into.numbers([this.start, this.position, this.lastEventMs, this.lastAppendMs, this.skewMs]);
    into.numbers([this.recovered, this.late]);
    const { folded, duplicates, gaps, dead } = this.batches;
    into.numbers([folded, duplicates, gaps, dead]);
    into.flag(this.#beginsWithin);
    into.optional(this.agreement, (agreement) => into.bytes(toBinary(AgreementSchema, agreement)));
    for (const kind of EVENT_KINDS) this.accounts[kind].encode(into);
    this.signals.encode(into);
    this.cgroups.encode(into);
    this.redis.encode(into);
    this.windows.encode(into);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.farm = from.text();
    this.boot = from.text();
    this.pages = this.emptyPages();
    const [start, position, lastEventMs, lastAppendMs, skewMs] = from.numbers();
    Object.assign(this, { start, position, lastEventMs, lastAppendMs, skewMs });
    const [recovered, late] = from.numbers();
    Object.assign(this, { recovered, late });
    const [folded, duplicates, gaps, dead] = from.numbers();
    Object.assign(this.batches, { folded, duplicates, gaps, dead });
    this.#beginsWithin = from.flag();
    this.agreement = from.optional(() => decodeMessage(AgreementSchema, from));
    for (const kind of EVENT_KINDS) this.accounts[kind].decode(from);
    this.signals.decode(from);
    this.cgroups.decode(from);
    this.redis.decode(from);
    this.windows.decode(from);
  }

  #isCurrent({ identity }: Batch): boolean {
    return identity?.boot === this.boot && Number(identity.start) === this.start;
  }

  #foldPages(batch: Batch, content: BatchContent, clock: ClockOffset, place: FoldPlace): void {
    this.pages.sampledBy(batch.sampling?.pageKeepOneIn ?? 1);
    if (content.pages.length > 0) {
      this.pages.applyEvents(content.pages);
      this.#foldLifetimes(dateOf(Number(batch.clock?.baseTick ?? 0n), clock, place), place);
    }
    if (batch.observation !== undefined) {
      const agreement = this.pages.applyObservation(batch.observation);
      // Before the first observation of a start, events went by unseen: that one corrects, it does not judge.
      if (agreement !== null && agreement.reason !== ObservationReason.START) {
        const endTick = content.newestTick(batch);
        this.agreement = { ...agreement, atMs: BigInt(Math.floor(dateOf(endTick, clock, place))) };
      }
    }
    if (batch.gauges !== undefined) this.pages.applyGauges(batch.gauges);
  }

  #foldLifetimes(dateMs: number, place: FoldPlace): void {
    for (const [cgroup, lifetimes] of Map.groupBy(this.pages.takeLifetimes(), (lifetime) => lifetime.cgroup)) {
      const counts = new Float64Array(SLOTS);
      let sumNs = 0;
      for (const { ticks } of lifetimes) {
        counts[slotOf(Math.floor((ticks * TICK_NS) / NS_PER_US))]++;
        sumNs += ticks * TICK_NS;
      }
      const slots = Array.from(counts.keys()).filter((slot) => counts[slot] > 0);
      const pairs = { slots, counts: slots.map((slot) => counts[slot]) };
      const signal = Signal.PAGE_LIFETIME;
      const always = [this.signals.of(signal), this.cgroups.of(signal, cgroup)];
      for (const values of [...always, ...this.#inWindow(signal, cgroup, dateMs, place)]) {
        values.recordPairs(pairs, sumNs);
      }
    }
  }

  #foldLatencies(batch: Batch, content: BatchContent, clock: ClockOffset, place: FoldPlace): void {
    for (const { delta, pairs } of content.histograms) {
      const sumNs = Number(delta.sumNs);
      this.signals.of(delta.signal).recordPairs(pairs, sumNs);
      this.cgroups.of(delta.signal, delta.cgroup).recordPairs(pairs, sumNs);
      const dateMs = dateOf(Number(delta.toTick), clock, place);
      for (const values of this.#inWindow(delta.signal, delta.cgroup, dateMs, place)) values.recordPairs(pairs, sumNs);
    }
    const baseTick = Number(batch.clock?.baseTick ?? 0n);
    for (const pause of batch.gcPauses) {
      const pauseUs = Number(pause.durationNs) / NS_PER_US;
      this.signals.of(Signal.GC_PAUSE).recordExactUs(pauseUs);
      this.cgroups.of(Signal.GC_PAUSE, pause.cgroup).recordExactUs(pauseUs);
      const dateMs = dateOf(baseTick + Number(pause.endTickOffset), clock, place);
      for (const values of this.#inWindow(Signal.GC_PAUSE, pause.cgroup, dateMs, place)) values.recordExactUs(pauseUs);
    }
  }

  /** Where a value goes in its window; nowhere, counted, when it comes too late for any. */
  #inWindow(signal: Signal, cgroup: number, dateMs: number, place: FoldPlace): readonly Distribution[] {
    const part = this.windows.partAt(dateMs, place.openFromMs);
    if (part === null) this.late++;
    return part?.of(signal, cgroup) ?? [];
  }

  /** A boot's frames and ticks start over; its facts come with its first batch. */
  #forgetMemory(): void {
    this.pages = this.emptyPages();
    this.agreement = null;
    this.redis.clear();
  }

  /** Memory of this node's boot of which nothing is known; the blocks whose owners are followed are chosen by node and boot. */
  emptyPages(): PageFold {
    const { pageMapForm: form = "base", ownersKeepOneIn: keepOneIn = OWNER_KEEP_ONE_IN } = this.#options;
    return new PageFold({ form, owners: { keepOneIn, salt: ownerSalt(this.node, this.boot) } });
  }

  #count(batch: Batch, as: "fold" | "bury"): void {
    const { counters } = batch;
    const events = { pages: batch.pages?.count ?? 0, runq: batch.runq?.count ?? 0, gc: batch.gcPauses.length };
    for (const kind of EVENT_KINDS) {
      const totals = totalsOf(counters?.[kind]);
      if (this.#beginsWithin) this.accounts[kind].beginAt(events[kind], totals);
      this.accounts[kind].read(totals);
      this.accounts[kind][as](events[kind], totals);
    }
    this.#beginsWithin = false;
  }
}

/** An event is dated by its own clock, but never after the broker saw it. */
function dateOf(tick: number, clock: ClockOffset, place: FoldPlace): number {
  return Math.min(tickToUnixMs(tick, clock), place.appendedAtMs);
}
