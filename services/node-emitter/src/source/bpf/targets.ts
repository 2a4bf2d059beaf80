import type { ObservationReason } from "@farmscope/proto";
import { TARGET_FRAMES } from "./frame-windows.ts";
import type { FrameRange } from "./memory-layout.ts";

/** Shortest time between two readings for one reason, in milliseconds: what comes meanwhile is read together. */
const INTERVAL_MS = 500;
/** Findings come in bursts: the first waits so long for its companions, in milliseconds. */
const GATHER_MS = 100;

interface Gathered {
  readonly windows: Set<number>;
  sinceMs: number;
  readAtMs: number;
}

/**
 * Frames that are to be read again, by reason. Bounded by the machine's memory: a window is remembered once, whatever
 * number of findings fall into it.
 */
export class Targets {
  readonly #gathered = new Map<ObservationReason, Gathered>();

  add(reason: ObservationReason, { first, end }: FrameRange, nowMs: number): void {
    let gathered = this.#gathered.get(reason);
    if (gathered === undefined) {
      gathered = { windows: new Set(), sinceMs: nowMs, readAtMs: Number.NEGATIVE_INFINITY };
      this.#gathered.set(reason, gathered);
    }
    if (gathered.windows.size === 0) gathered.sinceMs = nowMs;
    for (let window = Math.floor(first / TARGET_FRAMES); window * TARGET_FRAMES < end; window++) {
      gathered.windows.add(window);
    }
  }

  /** What may be read now, of one reason; null when there is nothing. */
  take(nowMs: number): { readonly reason: ObservationReason; readonly ranges: FrameRange[] } | null {
    for (const [reason, gathered] of this.#gathered) {
      const { windows, sinceMs, readAtMs } = gathered;
      if (windows.size === 0 || nowMs - sinceMs < GATHER_MS || nowMs - readAtMs < INTERVAL_MS) continue;
      gathered.readAtMs = nowMs;
      const ranges = [...windows].map((window) => ({
        first: window * TARGET_FRAMES,
        end: (window + 1) * TARGET_FRAMES,
      }));
      windows.clear();
      return { reason, ranges };
    }
    return null;
  }

  /** A full observation answers all of it. */
  clear(): void {
    for (const { windows } of this.#gathered.values()) windows.clear();
  }
}
