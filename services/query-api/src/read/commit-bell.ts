import type { Clock } from "@farmscope/runtime";
import type { CommitNotice, Scope } from "@farmscope/store";

/** Wakes those who wait for the next commit of a scope. */
export class CommitBell {
  readonly #clock: Clock;
  readonly #waiting = new Map<Scope, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(notice: CommitNotice): void {
    const waiting = this.#waiting.get(notice.scope);
    this.#waiting.delete(notice.scope);
    for (const wake of waiting ?? []) wake();
  }

  /**
   * Resolves at the next commit of the scope, and at the latest after `msMax`: notices may be missed.
   * @throws {OperatingError} ABORTED when `signal` fires.
   */
  async next(scope: Scope, msMax: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const waiting = this.#waiting.get(scope) ?? new Set();
    this.#waiting.set(scope, waiting);
    const rung = new Promise<void>((resolve) => {
      waiting.add(resolve);
      done.signal.addEventListener("abort", () => waiting.delete(resolve));
    });
    try {
      await Promise.race([
        rung,
        this.#clock.sleep(msMax, AbortSignal.any([signal, done.signal])).catch(() => undefined),
      ]);
      if (signal.aborted) await this.#clock.sleep(0, signal);
    } finally {
      done.abort();
    }
  }
}
