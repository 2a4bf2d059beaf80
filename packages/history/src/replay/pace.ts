import type { Clock } from "@farmscope/runtime";

/** How fast a range is folded: as fast as it goes, or so many times as fast as it happened. */
export type ReplaySpeed = "max" | number;

/** What all readers of a replay together take from the log at most, in bytes a second: live readers have the rest. */
const BYTES_PER_S_MAX = 128 * 2 ** 20;

/** Keeps a replay from going faster than it should. */
export class Pace {
  readonly #clock: Clock;
  readonly #speed: ReplaySpeed;
  readonly #fromMs: number;
  readonly #beganMs: number;
  /** When the range itself began: what leads up to it is folded as fast as it goes. */
  #rangeBeganMs: number | null = null;

  constructor(clock: Clock, speed: ReplaySpeed, fromMs: number) {
    this.#clock = clock;
    this.#speed = speed;
    this.#fromMs = fromMs;
    this.#beganMs = clock.monotonicMs();
  }

  get elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#beganMs;
  }

  /** Waits after a slice until the next may begin, or `signal` fires. */
  async after(limitMs: number, bytes: number, signal: AbortSignal): Promise<void> {
    const waitMs = Math.max(this.#aheadMs(limitMs), (bytes * 1000) / BYTES_PER_S_MAX - this.elapsedMs);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal).catch(() => {});
  }

  #aheadMs(limitMs: number): number {
    if (this.#speed === "max" || limitMs <= this.#fromMs) return 0;
    const nowMs = this.#clock.monotonicMs();
    this.#rangeBeganMs ??= nowMs;
    return this.#rangeBeganMs + (limitMs - this.#fromMs) / this.#speed - nowMs;
  }
}
