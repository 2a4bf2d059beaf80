import { SlidingBudget } from "@farmscope/domain";
import type { Clock } from "@farmscope/runtime";
import type { Budget } from "./notifiers/port.ts";
import { Permits } from "./permits.ts";

/** Most requests to one target at a time. */
export const REQUESTS_MAX = 8;

/** Lets requests to one target through as it can take them, in the order in which they came. */
export class TargetGate {
  readonly #clock: Clock;
  readonly #budget: SlidingBudget | null;
  readonly #permits = new Permits(REQUESTS_MAX);
  /** One at a time looks at the budget. */
  readonly #turn = new Permits(1);
  #closedUntilMs = 0;

  constructor(budget: Budget | null, clock: Clock) {
    this.#clock = clock;
    this.#budget = budget === null ? null : new SlidingBudget(budget.requestsMax, budget.spanMs);
  }

  /** Counts a request that an earlier life made. */
  note(atMs: number): void {
    this.#budget?.take(atMs);
  }

  /** Lets nothing through until a moment: the other side has asked for it. */
  close(untilMs: number): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, untilMs);
  }

  /** Does something as soon as there is room for it. @throws {OperatingError} ABORTED when the signal fires before. */
  async through<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#permits.use(async () => {
      await this.#turn.use(() => this.#wait(signal));
      return await work();
    });
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      const nowMs = this.#clock.nowMs();
      const waitMs = Math.max(this.#closedUntilMs - nowMs, this.#budget?.waitMs(nowMs) ?? 0);
      if (waitMs <= 0) break;
      await this.#clock.sleep(waitMs, signal);
    }
    this.#budget?.take(this.#clock.nowMs());
  }
}
