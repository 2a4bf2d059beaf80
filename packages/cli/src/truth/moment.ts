import { zstdDecompressSync } from "node:zlib";
import { forEachObservationRun, ObservationClass, pageMapRuns, TICK_NS } from "@farmscope/domain";
import type { Batch, ObservationChunk, PageMapView } from "@farmscope/proto";
import { CHUNK_FRAMES, type KernelReading } from "./kernel-reading.ts";
import { FrameState, pageEventsOf, stateAfter } from "./node-batches.ts";

/** Free and drain tracepoints fire before the list changes, alloc and refill after it: events this near to a reading may
 * or may not be in it. */
export const MARGIN_TICKS = 10_000_000 / TICK_NS;

/**
 * The aggregator's map, carried on by what the log holds behind it to the very moment at which each frame was read.
 * Frames that changed so near to their reading that either answer is right are ambiguous.
 */
export class Moment {
  /** One byte a frame: FrameState when the frame was read. */
  readonly state: Uint8Array;
  /** One byte a frame: bit s is set when the frame took state s within the margin of its reading. */
  readonly near: Uint8Array;
  /** One byte a frame: 1 when an event up to its reading touched it since the workload began. */
  readonly touched: Uint8Array;
  readonly #lastTick: Float64Array;
  readonly #startTick: Float64Array;
  readonly #endTick: Float64Array;
  readonly #pcpOrderMask: number;

  constructor(view: PageMapView, reading: KernelReading) {
    const { frames } = reading;
    this.state = new Uint8Array(frames);
    this.near = new Uint8Array(frames);
    this.touched = new Uint8Array(frames);
    this.#lastTick = new Float64Array(frames);
    this.#startTick = reading.startNs.map((ns) => ns / TICK_NS);
    this.#endTick = reading.endNs.map((ns) => ns / TICK_NS);
    this.#pcpOrderMask = view.facts?.pcpOrderMask ?? 0;
    for (const run of pageMapRuns(zstdDecompressSync(view.runsZstd), view.frames)) {
      this.state.fill(run.state, run.first, Math.min(frames, run.first + run.count));
    }
  }

  /** Marks what the events of a batch touched; its state is in the map already. */
  touch(batch: Batch): void {
    const { tick, pfn, order, length } = pageEventsOf(batch);
    for (let index = 0; index < length; index++) {
      const first = pfn[index]!;
      if (tick[index]! <= this.#endTick[Math.floor(first / CHUNK_FRAMES)]!) {
        this.touched.fill(1, first, first + 2 ** order[index]!);
      }
    }
  }

  /** Applies a batch that stands behind the map in the log. @param onTick is told the tick of each event ahead of it. */
  apply(batch: Batch, onTick: (tick: number) => void): void {
    const { tick, pfn, order, kind, length } = pageEventsOf(batch);
    for (let index = 0; index < length; index++) {
      onTick(tick[index]!);
      this.#applyEvent(tick[index]!, pfn[index]!, order[index]!, kind[index]!);
    }
    for (const chunk of batch.observation?.chunks ?? []) this.#applyChunk(chunk);
  }

  #applyEvent(tick: number, first: number, order: number, kind: number): void {
    const chunk = Math.floor(first / CHUNK_FRAMES);
    const end = first + 2 ** order;
    const state = stateAfter(kind, order, this.#pcpOrderMask);
    if (tick <= this.#endTick[chunk]!) this.touched.fill(1, first, end);
    if (tick < this.#startTick[chunk]! - MARGIN_TICKS) {
      this.state.fill(state, first, end);
      this.#lastTick.fill(tick, first, end);
    } else if (tick <= this.#endTick[chunk]! + MARGIN_TICKS) {
      for (let pfn = first; pfn < end; pfn++) this.near[pfn]! |= 1 << state;
    }
  }

  /** A targeted reading that came before ours corrects frames that no event touched near to it. */
  #applyChunk({ firstPfn, count, tick, endTick, runs }: ObservationChunk): void {
    const from = Number(tick) - MARGIN_TICKS;
    forEachObservationRun(runs, count, (offset, frames, observed) => {
      for (let pfn = firstPfn + offset; pfn < firstPfn + offset + frames; pfn++) {
        const isLater = Number(endTick) > this.#startTick[Math.floor(pfn / CHUNK_FRAMES)]!;
        if (isLater || this.#lastTick[pfn]! >= from) continue;
        const wasFree = this.state[pfn] === FrameState.Free;
        if (observed === ObservationClass.Buddy) this.state[pfn] = FrameState.Free;
        else if (wasFree && observed !== ObservationClass.Hole) this.state[pfn] = FrameState.Allocated;
      }
    });
  }
}
