import type { PageColumns, RunqColumns } from "@farmscope/domain";
import type {
  CompactionRange,
  HistogramDelta,
  MemoryGauges,
  NodeFacts,
  Observation,
  RedisGauges,
} from "@farmscope/proto";
import type { GcPauseEvent } from "../source/port.ts";
import type { EventCounts } from "./event-balance.ts";
import { PageBuffer, RunqBuffer } from "./event-buffers.ts";
import { mergeHistograms } from "./histogram-merge.ts";
import { chunkBytes } from "./observation-parts.ts";

/**
 * Upper bounds of what one item adds to the encoded batch, in bytes, so that a batch is closed before it can outgrow the
 * broker's limit. Page event: a context of its own (12), a run (10), tick (8), frame (5). Run-queue event: tick and delay
 * (8 each), four numbers (5 each).
 */
export const EVENT_BYTES_MAX = 40;
const GC_PAUSE_BYTES_MAX = 128;
const HISTOGRAM_OVERHEAD_BYTES = 64;
const NAME_OVERHEAD_BYTES = 16;
const GAUGES_BYTES_MAX = 4096;
/** Eight numbers of at most ten bytes, the role, tags; and the address. */
const REDIS_OVERHEAD_BYTES = 192;
/** Four numbers with their tags, and the length. */
export const COMPACTION_BYTES_MAX = 32;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const UTF8_BYTES_MAX = 3;

/** What the open batch of one node holds so far. */
export class BatchContents {
  readonly pages: PageBuffer;
  readonly runq: RunqBuffer;
  readonly gcPauses: GcPauseEvent[] = [];
  histograms: HistogramDelta[] = [];
  readonly cgroups: { readonly id: number; readonly path: string }[] = [];
  readonly compactions: Omit<CompactionRange, "$typeName">[] = [];
  facts: NodeFacts | undefined;
  gauges: MemoryGauges | undefined;
  /** By address. */
  readonly redis = new Map<string, RedisGauges>();
  observation: Observation | undefined;
  /** Upper bound of the encoded size of all that, without the envelope. */
  bytes = 0;

  constructor(eventsMax: number) {
    this.pages = new PageBuffer(eventsMax);
    this.runq = new RunqBuffer(eventsMax);
  }

  /** Raw events inside. */
  get events(): number {
    return this.pages.columns.length + this.runq.columns.length + this.gcPauses.length;
  }

  get counts(): EventCounts {
    return { pages: this.pages.columns.length, runq: this.runq.columns.length, gc: this.gcPauses.length };
  }

  get isEmpty(): boolean {
    return this.bytes === 0 && this.observation === undefined;
  }

  /** Smallest tick of the raw events inside, which every one of them is relative to; null when there are none. */
  get tickMin(): number | null {
    let least = Math.min(this.pages.tickMin, this.runq.tickMin);
    for (const pause of this.gcPauses) least = Math.min(least, pause.endTick);
    return Number.isFinite(least) ? least : null;
  }

  addPages(columns: PageColumns, at: number, count: number): void {
    this.pages.append(columns, at, count);
    this.bytes += count * EVENT_BYTES_MAX;
  }

  addRunq(columns: RunqColumns, at: number, count: number): void {
    this.runq.append(columns, at, count);
    this.bytes += count * EVENT_BYTES_MAX;
  }

  addGcPause(pause: GcPauseEvent): void {
    this.gcPauses.push(pause);
    this.bytes += gcPauseBytes(pause);
  }

  addHistogram(delta: HistogramDelta): void {
    this.histograms.push(delta);
    this.bytes += histogramBytes(delta);
  }

  addCgroup(id: number, path: string): void {
    this.cgroups.push({ id, path });
    this.bytes += cgroupBytes(path);
  }

  addCompaction(range: Omit<CompactionRange, "$typeName">): void {
    this.compactions.push(range);
    this.bytes += COMPACTION_BYTES_MAX;
  }

  /** @param bytes encoded size of the facts. */
  setFacts(facts: NodeFacts, bytes: number): void {
    this.facts = facts;
    this.bytes += bytes;
  }

  /** The newest gauges stand for the batch. */
  setGauges(gauges: MemoryGauges): void {
    if (this.gauges === undefined) this.bytes += GAUGES_BYTES_MAX;
    this.gauges = gauges;
  }

  /** The newest gauges of a server stand for the batch. */
  setRedis(gauges: RedisGauges): void {
    if (!this.redis.has(gauges.addr)) this.bytes += redisBytes(gauges);
    this.redis.set(gauges.addr, gauges);
  }

  setObservation(part: Observation): void {
    this.observation = part;
    for (const chunk of part.chunks) this.bytes += chunkBytes(chunk);
  }

  /** Throws the raw events away and joins the histograms: what is left is bounded and nothing in it is lost. */
  dropEvents(): void {
    for (const pause of this.gcPauses) this.bytes -= gcPauseBytes(pause);
    this.bytes -= (this.pages.columns.length + this.runq.columns.length) * EVENT_BYTES_MAX;
    this.#clearEvents();
    for (const delta of this.histograms) this.bytes -= histogramBytes(delta);
    const merged = mergeHistograms(this.histograms);
    this.histograms = [];
    for (const delta of merged) this.addHistogram(delta);
  }

  clear(): void {
    this.#clearEvents();
    this.histograms = [];
    this.cgroups.length = 0;
    this.compactions.length = 0;
    this.facts = undefined;
    this.gauges = undefined;
    this.redis.clear();
    this.observation = undefined;
    this.bytes = 0;
  }

  #clearEvents(): void {
    this.pages.clear();
    this.runq.clear();
    this.gcPauses.length = 0;
  }
}

export function gcPauseBytes(pause: GcPauseEvent): number {
  return GC_PAUSE_BYTES_MAX + UTF8_BYTES_MAX * pause.command.length;
}

export function redisBytes(gauges: RedisGauges): number {
  return REDIS_OVERHEAD_BYTES + UTF8_BYTES_MAX * gauges.addr.length;
}

export function histogramBytes(delta: HistogramDelta): number {
  return HISTOGRAM_OVERHEAD_BYTES + delta.slots.length;
}

export function cgroupBytes(path: string): number {
  return NAME_OVERHEAD_BYTES + UTF8_BYTES_MAX * path.length;
}
