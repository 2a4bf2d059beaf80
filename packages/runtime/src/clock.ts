import { setTimeout as delay } from "node:timers/promises";
import { OperatingError } from "./errors.ts";

/**
 * The only source of time for everything above packages/runtime. Wall time paces work; event time decides results.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Monotonic time in milliseconds from an arbitrary origin, with sub-millisecond digits. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds.
   * @throws {OperatingError} ABORTED when `signal` fires first.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when everything else that could go on has had its turn: timers, answers from servers. To be awaited between
   * pieces of work that take milliseconds and wait for nothing; of several callers one goes on in each turn of the event
   * loop. Absent: time is simulated, and work takes none.
   */
  turn?(): Promise<void>;
  /** A number in [0, 1) for jitter, where time is simulated and chance must be too. Absent: the machine's own chance. */
  random?(): number;
}

/** The machine's own clocks. */
export class SystemClock implements Clock {
  readonly #turns: (() => void)[] = [];

  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.push(resolve);
      if (this.#turns.length === 1) setImmediate(() => this.#passTurn());
    });
  }

  /** The next one is let go only when the event loop has been round. */
  #passTurn(): void {
    this.#turns.shift()?.();
    if (this.#turns.length > 0) setImmediate(() => this.#passTurn());
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new OperatingError("ABORTED", "the wait was cancelled", { cause });
    }
  }
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is advanced: for tests and simulation. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #originMs: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#originMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#originMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new OperatingError("ABORTED", "the wait was cancelled"));
        return;
      }
      const sleeper: Sleeper = { dueMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener(
        "abort",
        () => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          reject(new OperatingError("ABORTED", "the wait was cancelled"));
        },
        { once: true },
      );
    });
  }

  /** Moves time forward by `ms` and wakes, in order of their due time, all who waited for less. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#sleepers.filter((s) => s.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.wake();
      await Promise.resolve();
    }
    this.#nowMs = endMs;
    await Promise.resolve();
  }
}
