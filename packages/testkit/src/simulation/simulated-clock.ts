import type { Random } from "@farmscope/domain";
import { type Clock, OperatingError } from "@farmscope/runtime";
import type { Cancel, Scheduler } from "./scheduler.ts";

/** Wall time at which every run begins, Unix milliseconds: a whole second, and the start of a window. */
export const SIMULATION_START_MS = 1_700_000_000_000;

/** Runs `wake` after so many milliseconds, when whoever waits is able to. */
export type Timer = (ms: number, wake: () => void) => Cancel;

/** The clocks of one machine: its wall clock may be wrong and jump, its monotonic one is sound. */
export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer;
  readonly #random: Random;
  #offsetMs = 0;

  constructor(scheduler: Scheduler, timer: Timer, random: Random) {
    this.#scheduler = scheduler;
    this.#timer = timer;
    this.#random = random;
  }

  /** By how much the wall clock is wrong, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Sets the wall clock wrong by so many milliseconds, from now on. */
  setOffset(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  nowMs(): number {
    return SIMULATION_START_MS + Math.floor(this.#scheduler.nowMs + this.#offsetMs);
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs;
  }

  random(): number {
    return this.#random.nextFloat();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): OperatingError => new OperatingError("ABORTED", "the wait was cancelled");
      if (signal?.aborted) {
        reject(aborted());
        return;
      }
      const abort = (): void => {
        cancel();
        reject(aborted());
      };
      const cancel = this.#timer(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
