import { PageColumns, RunqColumns } from "@farmscope/domain";
import {
  type Counters,
  CountersSchema,
  create,
  type HistogramDelta,
  type MemoryGauges,
  type Observation,
} from "@farmscope/proto";
import { invariant } from "@farmscope/runtime";
import type { GcPauseEvent, NodeSink } from "../port.ts";

/** One page event; reused by the caller. */
export interface PageEvent {
  tick: number;
  pfn: number;
  pid: number;
  cgroup: number;
  kind: number;
  order: number;
  migrateType: number;
}

export interface RunqEvent {
  readonly tick: number;
  readonly delayNs: number;
  readonly pid: number;
  readonly cgroup: number;
  readonly cpu: number;
  readonly previousPid: number;
}

/** Page events gathered before they are poured on; when reached, or when something else is due. */
const GATHERED_MAX = 512;

/**
 * Pours what a simulated node produces into its sink, in the order of production, and numbers it: events, sampled-out
 * events, histogram differences, gauges and observation parts each take one position. The numbers depend on the seed
 * only, so a killed source skips those that are in the log already, and the two halves join without a seam.
 */
export class OrderedOutlet {
  /** Items produced so far. */
  position = 0;
  /** Raw events produced so far, those that were skipped included, the sampled-out not. */
  events = 0;
  readonly #sink: NodeSink;
  readonly #skip: number;
  readonly #pages = new PageColumns(GATHERED_MAX);
  readonly #runq = new RunqColumns(1);
  readonly #poured = { pages: 0, runq: 0, gc: 0 };
  #runqSampledOut = 0;
  #countersChanged = false;

  /** @param skip position up to which everything is in the log already. */
  constructor(sink: NodeSink, skip: number) {
    this.#sink = sink;
    this.#skip = skip;
  }

  /** Raw events poured in this start. */
  get poured(): number {
    return this.#poured.pages + this.#poured.runq + this.#poured.gc;
  }

  /** True while what is produced is in the log already. */
  get isSkipping(): boolean {
    return this.position < this.#skip;
  }

  page(event: PageEvent): void {
    this.events++;
    if (!this.#isNews()) return;
    const pages = this.#pages;
    const at = pages.length++;
    pages.tick[at] = event.tick;
    pages.pfn[at] = event.pfn;
    pages.pid[at] = event.pid;
    pages.cgroup[at] = event.cgroup;
    pages.kind[at] = event.kind;
    pages.order[at] = event.order;
    pages.migrateType[at] = event.migrateType;
    if (pages.length === pages.capacity) this.flush();
  }

  runq(event: RunqEvent): void {
    this.flush();
    this.events++;
    if (!this.#isNews()) return;
    const runq = this.#runq;
    runq.length = 1;
    runq.tick[0] = event.tick;
    runq.delayNs[0] = event.delayNs;
    runq.pid[0] = event.pid;
    runq.cgroup[0] = event.cgroup;
    runq.cpu[0] = event.cpu;
    runq.previousPid[0] = event.previousPid;
    this.#announce(1);
    this.#poured.runq++;
    this.#sink.runq(runq);
  }

  /** A run-queue event that sampling leaves out. */
  runqSampledOut(): void {
    this.flush();
    if (!this.#isNews()) return;
    this.#runqSampledOut++;
    this.#countersChanged = true;
  }

  gcPause(pause: GcPauseEvent): void {
    this.flush();
    this.events++;
    if (!this.#isNews()) return;
    this.#announce(1);
    this.#poured.gc++;
    this.#sink.gcPause(pause);
  }

  histogram(delta: HistogramDelta): void {
    this.#pourOther(() => this.#sink.histogram(delta));
  }

  gauges(gauges: MemoryGauges): void {
    this.#pourOther(() => this.#sink.gauges(gauges));
  }

  observation(part: Observation): void {
    this.#pourOther(() => this.#sink.observation(part));
  }

  /** A part that was asked for from outside: it takes no position, for the next run may not be asked. */
  unnumberedObservation(part: Observation): void {
    invariant(!this.isSkipping, "observations on demand wait until the log's end is reached");
    this.flush();
    this.#announce(0);
    this.#sink.observation(part);
  }

  /** Pours the gathered page events. */
  flush(): void {
    if (this.#pages.length === 0) return;
    this.#announce(this.#pages.length);
    this.#poured.pages += this.#pages.length;
    this.#sink.pages(this.#pages);
    this.#pages.length = 0;
  }

  /** Tells the sink the counters as they stand; nothing may be gathered. */
  tellCounters(): void {
    this.#tellCounters(this.position);
  }

  #pourOther(pour: () => void): void {
    this.flush();
    if (!this.#isNews()) return;
    this.#announce(1);
    pour();
  }

  /** Takes the next position; false when the log has it already. */
  #isNews(): boolean {
    return ++this.position > this.#skip;
  }

  /**
   * The counters go ahead, without the pour: a batch closed within it must not have seen what only the next one holds.
   * @param pouring positions that the pour passes.
   */
  #announce(pouring: number): void {
    if (this.#countersChanged) this.#tellCounters(this.position - pouring);
    this.#sink.position(this.position);
  }

  /** @param position up to which they count: events that were sampled out take positions too, and are in no pour. */
  #tellCounters(position: number): void {
    this.#countersChanged = false;
    this.#sink.counters(this.#counters(), position);
  }

  #counters(): Counters {
    const { pages, runq, gc } = this.#poured;
    return create(CountersSchema, {
      pages: { seen: BigInt(pages) },
      runq: { seen: BigInt(runq + this.#runqSampledOut), sampledOut: BigInt(this.#runqSampledOut) },
      gc: { seen: BigInt(gc) },
    });
  }
}
