import { type PageEventKind, Random, TICK_NS } from "@farmscope/domain";
import { ObservationReason } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import { bootIdOf } from "../boot-id.ts";
import type { NodeSink, SourceNode } from "../port.ts";
import { exponential, happens } from "./chance.ts";
import { LatencySignals } from "./latency-signals.ts";
import { WORKLOAD_MIXES, type WorkloadMix, type WorkloadName } from "./mixes.ts";
import { factsOf, gaugesOf } from "./node-facts.ts";
import { OrderedOutlet, type PageEvent } from "./ordered-outlet.ts";
import { PageAllocator } from "./page-allocator.ts";
import { SimulatedObservation } from "./simulated-observation.ts";
import { CGROUPS, FIRST_CGROUP, Workload } from "./workload.ts";

/** Frame at which the simulated zone begins; aligned to the largest block. */
export const START_PFN = 4096;
const CPUS = 4;
const SECOND_NS = 1e9;
/** A node has been up for a while when it is first seen. */
const FIRST_NOW_NS = 1000 * SECOND_NS;
/** Time between two page events of one burst is uniform below this. */
const STEP_NS_MAX = 1600;
/** Mean time between bursts; with the mean size of a burst it makes about 2,000 events a second. */
const PAUSE_NS_MEAN = 24e6;
const IDLE_LISTS_DRAINED_NS = 5 * SECOND_NS;
/** DESIGN 6: a full observation every 30 minutes. */
const OBSERVATION_PERIOD_NS = 30 * 60 * SECOND_NS;
const GC_CHANCE = 0.02;
/** Observations on demand have ids of their own, so that those of the seed stay the same. */
const FIRST_DEMANDED_ID = 0x8000_0000;

export interface SimulatedNodeOptions {
  readonly id: string;
  readonly index: number;
  readonly seed: number;
  readonly frames: number;
  readonly mix: WorkloadName;
  /** Raw events after which the node ends, with the burst that reaches them; Infinity: never. */
  readonly eventsMax: number;
  readonly runqKeepOneIn: number;
  readonly clock: Clock;
}

/**
 * One host that does not exist: a page allocator under a workload, with its own time, which passes as events happen.
 * Everything it produces follows from the seed and its index.
 */
export class SimulatedNode implements SourceNode {
  readonly id: string;
  readonly boot: string;
  readonly start: number;
  readonly allocator: PageAllocator;
  readonly #options: SimulatedNodeOptions;
  readonly #random: Random;
  readonly #mix: WorkloadMix;
  readonly #workload: Workload;
  readonly #signals: LatencySignals;
  readonly #event: PageEvent = { tick: 0, pfn: 0, pid: 0, cgroup: 0, kind: 0, order: 0, migrateType: 0 };
  #outlet: OrderedOutlet | undefined;
  #nowNs = FIRST_NOW_NS;
  #isWarm = false;
  #warmUpBursts = 0;
  #settledAt = 0;
  #nextSecondNs = FIRST_NOW_NS + SECOND_NS;
  #nextDrainNs = FIRST_NOW_NS + IDLE_LISTS_DRAINED_NS;
  #nextObservationNs = FIRST_NOW_NS;
  #drainedCpu = 0;
  #observation: SimulatedObservation | undefined;
  #observations = 0;
  #demandedReason: ObservationReason | undefined;
  #demanded = 0;
  /** Page events of the burst under way. */
  #burstEvents = 0;

  constructor(options: SimulatedNodeOptions) {
    const { id, index, seed, frames, mix, runqKeepOneIn, clock } = options;
    this.#options = options;
    this.id = id;
    this.boot = bootIdOf(JSON.stringify([seed, index, frames, mix, runqKeepOneIn]));
    this.start = clock.nowMs();
    this.#random = new Random(seed).fork(`node ${index}`);
    this.#mix = WORKLOAD_MIXES[mix];
    this.allocator = new PageAllocator(frames, CPUS, (...event) => this.#onPageEvent(...event));
    this.#workload = new Workload(this.allocator, this.#random, this.#mix, CPUS);
    this.#signals = new LatencySignals(this.#random, this.#mix, runqKeepOneIn, this.#tick);
  }

  /** Simulated time is dated so that it is now, however fast it passes. */
  clock(): { readonly realtimeOffsetUs: number; readonly errorUs: number } {
    return { realtimeOffsetUs: Math.round(this.#options.clock.nowMs() * 1000 - this.#nowNs / 1000), errorUs: 0 };
  }

  /** Connects the node to its sink. `resumeAt`: the position up to which its events are in the log already. */
  connect(sink: NodeSink, resumeAt: number): void {
    sink.facts(factsOf(this.id, CPUS, START_PFN, this.allocator));
    for (let index = 0; index < CGROUPS; index++) sink.cgroup(FIRST_CGROUP + index, `/farm.slice/task-${index}`);
    this.#outlet = new OrderedOutlet(sink, resumeAt);
  }

  get isFinished(): boolean {
    return this.#outlet !== undefined && this.#isWarm && this.#outlet.events >= this.#options.eventsMax;
  }

  /** True when it is warm and beyond what the log has: from here on its events count against the pace. */
  get isLive(): boolean {
    return this.#isWarm && this.#outlet?.isSkipping === false;
  }

  /** Raw events poured in this start. */
  get poured(): number {
    return this.#outlet?.poured ?? 0;
  }

  /** Asks for an observation outside of the seed's order. */
  demandObservation(reason: number): void {
    this.#demandedReason ??= reason as ObservationReason;
  }

  /** One burst of one task and what falls due. @returns the page events it took, a measure of the work. */
  step(): number {
    if (this.isFinished || this.#outlet === undefined) return 0;
    this.#burstEvents = 0;
    if (this.#isWarm) this.#live(this.#outlet);
    else this.#warmUp();
    return this.#burstEvents;
  }

  /** Pours what is gathered and tells the counters. */
  settle(): void {
    if (this.#outlet === undefined) return;
    this.#answerDemand(this.#outlet);
    if (this.#outlet.position === this.#settledAt) return;
    this.#settledAt = this.#outlet.position;
    this.#outlet.flush();
    this.#outlet.tellCounters();
  }

  get #tick(): number {
    return Math.floor(this.#nowNs / TICK_NS);
  }

  /** Fills the memory before anyone looks, so that a node does not begin empty. */
  #warmUp(): void {
    this.#workload.burst();
    const isFilling = this.allocator.fullness < this.#mix.fullnessAtStart;
    if (isFilling && this.#warmUpBursts++ < this.allocator.frames) return;
    // An observation cannot tell a per-CPU page from a plain kernel page, so it begins with empty lists.
    for (let cpu = 0; cpu < CPUS; cpu++) this.allocator.drainCpu(cpu);
    this.#isWarm = true;
  }

  #live(outlet: OrderedOutlet): void {
    this.#observe(outlet);
    this.#workload.burst();
    this.#schedule(outlet);
    this.#nowNs += exponential(this.#random, PAUSE_NS_MEAN);
    if (this.#nowNs >= this.#nextDrainNs) this.#drainIdleLists();
    if (this.#nowNs >= this.#nextSecondNs || this.isFinished) this.#report(outlet);
    while (this.isFinished && this.#observation !== undefined) this.#readPart(outlet, this.#observation);
  }

  #observe(outlet: OrderedOutlet): void {
    if (this.#observation === undefined && this.#nowNs >= this.#nextObservationNs) {
      const reason = this.#observations === 0 ? ObservationReason.START : ObservationReason.PERIODIC;
      this.#observation = new SimulatedObservation(this.allocator, START_PFN, ++this.#observations, reason);
      this.#nextObservationNs += OBSERVATION_PERIOD_NS;
    }
    if (this.#observation !== undefined) this.#readPart(outlet, this.#observation);
  }

  #readPart(outlet: OrderedOutlet, observation: SimulatedObservation): void {
    outlet.observation(observation.next(this.#tick));
    if (observation.isComplete) this.#observation = undefined;
  }

  #schedule(outlet: OrderedOutlet): void {
    const task = this.#workload.current;
    for (let switches = 1 + this.#random.nextInt(3); switches > 0; switches--) {
      const event = this.#signals.switchIn(task, this.#tick);
      if (this.#signals.isKept(event)) outlet.runq(event);
      else outlet.runqSampledOut();
    }
    if (happens(this.#random, GC_CHANCE)) outlet.gcPause(this.#signals.gcPause(task, this.#tick));
  }

  #drainIdleLists(): void {
    this.allocator.drainCpu(this.#drainedCpu);
    this.#drainedCpu = (this.#drainedCpu + 1) % CPUS;
    this.#nextDrainNs += IDLE_LISTS_DRAINED_NS;
  }

  /** What user space reads once a second, and once more at the end. */
  #report(outlet: OrderedOutlet): void {
    for (const delta of this.#signals.takeDeltas(this.#tick)) outlet.histogram(delta);
    outlet.gauges(gaugesOf(this.allocator, this.#tick));
    while (this.#nextSecondNs <= this.#nowNs) this.#nextSecondNs += SECOND_NS;
  }

  #answerDemand(outlet: OrderedOutlet): void {
    if (this.#demandedReason === undefined || !this.isLive || this.#observation !== undefined) return;
    const id = FIRST_DEMANDED_ID + this.#demanded++;
    const observation = new SimulatedObservation(this.allocator, START_PFN, id, this.#demandedReason);
    while (!observation.isComplete) outlet.unnumberedObservation(observation.next(this.#tick));
    this.#demandedReason = undefined;
  }

  #onPageEvent(kind: PageEventKind, frame: number, order: number, type: number): void {
    this.#burstEvents++;
    if (!this.#isWarm) return;
    this.#nowNs += this.#random.nextInt(STEP_NS_MAX);
    const event = this.#event;
    event.tick = this.#tick;
    event.pfn = START_PFN + frame;
    event.pid = this.#workload.current.pid;
    event.cgroup = this.#workload.current.cgroup;
    event.kind = kind;
    event.order = order;
    event.migrateType = type;
    this.#outlet?.page(event);
  }
}
