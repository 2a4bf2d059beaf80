import type { Clock } from "@farmscope/runtime";

/** Longest single wait, in milliseconds: timers of the platform end at 2^31 - 1. */
const WAIT_MS_MAX = 60_000;

/** Wakes the one who waits for something to arrive. For one waiter at a time; ringing when nobody waits is forgotten. */
export class Doorbell {
  #wake: (() => void) | null = null;

  ring(): void {
    this.#wake?.();
  }

  /** Resolves when it rings or after `ms` (at most a minute): the caller looks which it was. */
  async wait(clock: Clock, ms: number): Promise<void> {
    if (ms <= 0) return;
    const over = new AbortController();
    const rung = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const late = clock.sleep(Math.min(ms, WAIT_MS_MAX), over.signal).catch(() => undefined);
    await Promise.race([rung, late]);
    this.#wake = null;
    over.abort();
  }
}
