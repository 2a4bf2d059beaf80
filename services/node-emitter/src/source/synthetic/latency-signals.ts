import { encodeSlotPairs, type Random, SLOTS, slotOf } from "@farmscope/domain";
import { create, GcRuntime, type HistogramDelta, HistogramDeltaSchema, Signal } from "@farmscope/proto";
import type { GcPauseEvent } from "../port.ts";
import { happens, logNormal } from "./chance.ts";
import type { WorkloadMix } from "./mixes.ts";
import type { RunqEvent } from "./ordered-outlet.ts";
import { CGROUPS, FIRST_CGROUP, type Task } from "./workload.ts";

const GC_PAUSE_SPREAD = 0.7;
/** Spreads the task ids before the remainder decides which tasks are kept (Knuth, TAOCP 3, 6.4). */
const HASH_FACTOR = 0x9e3779b1;

interface SlotCounts {
  readonly counts: Float64Array;
  sumNs: number;
}

/** Run-queue delays and GC pauses of a simulated node, and the always-on histogram that a kernel would keep of the former. */
export class LatencySignals {
  readonly #random: Random;
  readonly #mix: WorkloadMix;
  readonly #keepOneIn: number;
  readonly #histograms: SlotCounts[];
  #lastTick: number;
  #previousPid = 0;

  constructor(random: Random, mix: WorkloadMix, keepOneIn: number, tick: number) {
    this.#random = random;
    this.#mix = mix;
    this.#keepOneIn = keepOneIn;
    this.#lastTick = tick;
    this.#histograms = Array.from({ length: CGROUPS }, () => ({ counts: new Float64Array(SLOTS), sumNs: 0 }));
  }

  /** The task is switched in after a wait, which the histogram counts. */
  switchIn(task: Task, tick: number): RunqEvent {
    const delayNs = Math.floor(1000 * logNormal(this.#random, this.#mix.delayUsMedian, this.#mix.delaySpread));
    const histogram = this.#histograms[task.cgroup - FIRST_CGROUP];
    histogram.counts[slotOf(Math.floor(delayNs / 1000))]++;
    histogram.sumNs += delayNs;
    const previousPid = this.#previousPid;
    this.#previousPid = task.pid;
    return { tick, delayNs, pid: task.pid, cgroup: task.cgroup, cpu: task.cpu, previousPid };
  }

  /** Raw events are sampled by task, so that those of one task stay together. */
  isKept(event: RunqEvent): boolean {
    return (Math.imul(event.pid, HASH_FACTOR) >>> 0) % this.#keepOneIn === 0;
  }

  gcPause(task: Task, tick: number): GcPauseEvent {
    const isV8 = happens(this.#random, 0.5);
    return {
      endTick: tick,
      durationNs: Math.floor(1000 * logNormal(this.#random, this.#mix.gcPauseUsMedian, GC_PAUSE_SPREAD)),
      pid: task.pid,
      cgroup: task.cgroup,
      runtime: isV8 ? GcRuntime.V8 : GcRuntime.GO,
      command: isV8 ? "node" : "worker",
    };
  }

  /** What the histograms gained since the last call. */
  takeDeltas(tick: number): HistogramDelta[] {
    const deltas: HistogramDelta[] = [];
    for (const [index, { counts, sumNs }] of this.#histograms.entries()) {
      if (counts.every((count) => count === 0)) continue;
      deltas.push(this.#delta(FIRST_CGROUP + index, counts, sumNs, tick));
      counts.fill(0);
      this.#histograms[index].sumNs = 0;
    }
    this.#lastTick = tick;
    return deltas;
  }

  #delta(cgroup: number, counts: Float64Array, sumNs: number, tick: number): HistogramDelta {
    return create(HistogramDeltaSchema, {
      signal: Signal.RUNQ_DELAY,
      cgroup,
      fromTick: BigInt(this.#lastTick),
      toTick: BigInt(tick),
      slots: encodeSlotPairs(counts),
      sumNs: BigInt(sumNs),
    });
  }
}
