import { readFile } from "node:fs/promises";
import { PageColumns, RunqColumns, TICKS_PER_MS } from "@farmscope/domain";
import { type Batch, type Counters, CountersSchema, create } from "@farmscope/proto";
import { type Clock, invariant, OperatingError } from "@farmscope/runtime";
import { bootIdOf } from "../boot-id.ts";
import type { EventSource, NodeSink, SamplingInForce, SourceNode } from "../port.ts";
import {
  addLosses,
  baseTickOf,
  type ColumnSpace,
  decodeRecordedBatch,
  eventsOf,
  noCounters,
  pourBatch,
} from "./recorded-batch.ts";
import { corrupt, decodeTrace } from "./trace-format.ts";

/** Batches that one poll pours at most: a few milliseconds of work. */
const POLL_BATCHES_MAX = 8;
/** Pause between the end of the trace and its next beginning, in ticks: one second. */
const LOOP_GAP_TICKS = 1000 * TICKS_PER_MS;

export interface TraceOptions {
  readonly clock: Clock;
  readonly path: string;
  /** Id of the node that the trace is played as. Default: the one that was recorded. */
  readonly node?: string;
  /** 1 plays as fast as it was recorded, 10 ten times as fast, 0 as fast as the log takes it. Default 1. */
  readonly speed?: number;
  /** Begins again at the end. Default false. */
  readonly loop?: boolean;
}

/**
 * Plays a recorded trace as if it happened now. Each playing is a boot of its own, so that its times do not meet those
 * of another playing; within one, loops follow each other in time and each begins with the recorded observation.
 */
export class TraceSource implements EventSource {
  readonly kind = "trace";
  readonly pollIntervalMs: number;
  readonly #options: TraceOptions;
  readonly #speed: number;
  readonly #space: ColumnSpace = { pages: new PageColumns(), runq: new RunqColumns() };
  readonly #counters = { pages: noCounters(), runq: noCounters(), gc: noCounters() };
  #batches: readonly Batch[] = [];
  #sink: NodeSink | undefined;
  #next = 0;
  #shiftTicks = 0;
  #startedAtMs: number | undefined;
  /** Times that the trace was played to its end. */
  #rounds = 0;

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#speed = options.speed ?? 1;
    this.pollIntervalMs = this.#speed === 0 ? 0 : 20;
  }

  get finished(): boolean {
    return this.#rounds > 0 && this.#options.loop !== true;
  }

  get sampling(): SamplingInForce | undefined {
    return this.#batches[Math.max(0, this.#next - 1)]?.sampling;
  }

  async open(): Promise<readonly SourceNode[]> {
    const { header, records } = await decodeTrace(await this.#read());
    this.#batches = records.map(decodeRecordedBatch);
    if (this.#batches.length === 0) throw corrupt("it holds no batches");
    const start = this.#options.clock.nowMs();
    const recordedBoot = this.#batches[0].identity?.boot ?? "";
    const id = this.#options.node ?? header.node;
    return [{ id, boot: bootIdOf(`${recordedBoot}/${id}/${start}`), start, clock: () => this.#clock() }];
  }

  start(sinks: ReadonlyMap<string, NodeSink>): Promise<void> {
    const [sink] = sinks.values();
    invariant(sink !== undefined, "the trace's node has a sink");
    this.#sink = sink;
    return Promise.resolve();
  }

  poll(nowMs: number): number {
    this.#startedAtMs ??= nowMs;
    const elapsedTicks = (nowMs - this.#startedAtMs) * TICKS_PER_MS * this.#speed;
    let events = 0;
    for (let count = 0; count < POLL_BATCHES_MAX && !this.finished; count++) {
      const due = this.#tickOf(this.#next) - baseTickOf(this.#batches[0]);
      if (this.#speed !== 0 && due > elapsedTicks) break;
      events += this.#pourNext();
    }
    return events;
  }

  /** A trace cannot look again; its own observation comes with the next round. */
  observe(): void {}

  close(): Promise<void> {
    this.#sink?.counters(this.#total());
    return Promise.resolve();
  }

  async #read(): Promise<Uint8Array> {
    const { path } = this.#options;
    try {
      return await readFile(path);
    } catch (cause) {
      throw new OperatingError("SOURCE_UNREADABLE", `the trace ${path} cannot be read`, { cause });
    }
  }

  /** Dates the trace so that what is being played is now. */
  #clock(): { readonly realtimeOffsetUs: number; readonly errorUs: number } {
    const tick = this.#tickOf(Math.max(0, this.#next - 1));
    const nowUs = this.#options.clock.nowMs() * 1000;
    return { realtimeOffsetUs: Math.round(nowUs - (tick / TICKS_PER_MS) * 1000), errorUs: 0 };
  }

  #tickOf(index: number): number {
    return baseTickOf(this.#batches[index]) + this.#shiftTicks;
  }

  #pourNext(): number {
    const sink = this.#sink;
    invariant(sink !== undefined, "the trace was started");
    const batch = this.#batches[this.#next];
    const before = this.#batches[this.#next - 1]?.counters;
    this.#count(batch, before);
    sink.counters(this.#total());
    pourBatch(batch, this.#shiftTicks, this.#space, sink);
    if (++this.#next === this.#batches.length) this.#beginAgain();
    return eventsOf(batch);
  }

  #beginAgain(): void {
    this.#rounds++;
    if (this.finished) return;
    this.#shiftTicks +=
      baseTickOf(this.#batches[this.#batches.length - 1]) - baseTickOf(this.#batches[0]) + LOOP_GAP_TICKS;
    this.#next = 0;
  }

  /** What is played is seen; what the recording left out or lost is so again. */
  #count(batch: Batch, before: Counters | undefined): void {
    for (const kind of ["pages", "runq", "gc"] as const)
      addLosses(this.#counters[kind], before?.[kind], batch.counters?.[kind]);
    this.#counters.pages.seen += BigInt(batch.pages?.count ?? 0);
    this.#counters.runq.seen += BigInt(batch.runq?.count ?? 0);
    this.#counters.gc.seen += BigInt(batch.gcPauses.length);
  }

  #total(): Counters {
    const counters = create(CountersSchema);
    for (const kind of ["pages", "runq", "gc"] as const) {
      const of = this.#counters[kind];
      counters[kind] = { ...of, seen: of.seen + of.sampledOut + of.ringLost + of.decodeLost };
    }
    return counters;
  }
}
