import { OperatingError } from "@farmscope/runtime";
import type { Cancel } from "./scheduler.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** What may go wrong between a process and a server, as of now. Shares are of calls, 0..1. */
export interface Trouble {
  /** Greatest usual time of one way, in milliseconds. */
  readonly latencyMsMax: number;
  /** Calls that take longer, and greatest time of one way then. */
  readonly slowShare: number;
  readonly slowMsMax: number;
  /** Calls that fail and never reached the server. */
  readonly lostRequestShare: number;
  /** Calls that fail although they took effect. */
  readonly lostAnswerShare: number;
  /** Appends that arrive twice. */
  readonly duplicateShare: number;
  /** Appends that are overtaken by later ones, and by how much at most. */
  readonly reorderShare: number;
  readonly reorderMsMax: number;
}

export const CALM: Trouble = {
  latencyMsMax: 2,
  slowShare: 0,
  slowMsMax: 0,
  lostRequestShare: 0,
  lostAnswerShare: 0,
  duplicateShare: 0,
  reorderShare: 0,
  reorderMsMax: 0,
};

/** How long a caller waits before it takes a call for failed, in milliseconds. */
const FAILURE_MS_MAX = 400;
/** What a killed process sent arrives within so many milliseconds or not at all. */
const LAST_WORDS_MS_MAX = 50;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The call may be overtaken, and may arrive twice. */
  readonly isAppend?: boolean;
}

/** The connection of a process to a server. Requests arrive in the order in which they were sent, unless troubled. */
export class Channel {
  /** Until then, in milliseconds of the run, the server cannot be reached from here. */
  cutUntilMs = 0;
  readonly #process: SimulatedProcess;
  readonly #trouble: () => Trouble;
  readonly #unavailable: () => OperatingError;
  readonly #lastWordsMs: number;
  #lastArrivalMs = 0;

  constructor(process: SimulatedProcess, trouble: () => Trouble, unavailable: () => OperatingError) {
    this.#process = process;
    this.#trouble = trouble;
    this.#unavailable = unavailable;
    this.#lastWordsMs = process.random.nextFloat() * LAST_WORDS_MS_MAX;
  }

  /**
   * Sends a request and answers with what `effect` does at the server. Never settles when the process is dead.
   * @throws {OperatingError} as `effect` does; unavailable, whether or not it took effect; ABORTED.
   */
  call<T>(effect: () => Promise<T>, { signal, isAppend = false }: CallOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const process = this.#process;
      if (process.isDead) return;
      const abort = (): void => reject(new OperatingError("ABORTED", "cancelled before the server answered"));
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      const settle = (ms: number, outcome: () => void): Cancel =>
        process.deliver(ms, () => {
          signal?.removeEventListener("abort", abort);
          outcome();
        });
      this.#send(effect, isAppend, settle, resolve, reject);
    });
  }

  /** Waits at the server for what comes. Fails before it waits or not at all, so that nothing is lost on the way back. */
  pull<T>(effect: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { scheduler, random } = this.#process;
      if (this.#process.isDead) return;
      const trouble = this.#trouble();
      if (this.cutUntilMs > scheduler.nowMs || random.nextFloat() < trouble.lostRequestShare) {
        this.#process.deliver(random.nextFloat() * FAILURE_MS_MAX, () => reject(this.#unavailable()));
        return;
      }
      const answer = (outcome: () => void): Cancel => this.#process.deliver(this.#latencyMs(trouble), outcome);
      scheduler.after(this.#latencyMs(trouble), () => {
        effect().then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    });
  }

  #send<T>(
    effect: () => Promise<T>,
    isAppend: boolean,
    settle: (ms: number, outcome: () => void) => Cancel,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const { scheduler, random } = this.#process;
    const trouble = this.#trouble();
    const fail = (): void => {
      settle(random.nextFloat() * FAILURE_MS_MAX, () => reject(this.#unavailable()));
    };
    if (this.cutUntilMs > scheduler.nowMs || random.nextFloat() < trouble.lostRequestShare) {
      fail();
      return;
    }
    const answerLost = random.nextFloat() < trouble.lostAnswerShare;
    const arrive = (): void => {
      if (this.#isUnheard()) return;
      effect().then(
        (value) => (answerLost ? fail() : settle(this.#latencyMs(trouble), () => resolve(value))),
        (error: unknown) => settle(this.#latencyMs(trouble), () => reject(error)),
      );
    };
    scheduler.at(this.#arrivalMs(trouble, isAppend), arrive);
    if (isAppend && random.nextFloat() < trouble.duplicateShare) {
      scheduler.after(this.#latencyMs(trouble) + random.nextFloat() * trouble.reorderMsMax, () => {
        if (!this.#isUnheard()) effect().catch(() => {});
      });
    }
  }

  /** What a killed process sent last is cut off somewhere. */
  #isUnheard(): boolean {
    return this.#process.scheduler.nowMs > this.#process.diedAtMs + this.#lastWordsMs;
  }

  #arrivalMs(trouble: Trouble, isAppend: boolean): number {
    const { scheduler, random } = this.#process;
    const inOrderMs = Math.max(scheduler.nowMs + this.#latencyMs(trouble), this.#lastArrivalMs + 0.001);
    if (isAppend && random.nextFloat() < trouble.reorderShare)
      return inOrderMs + random.nextFloat() * trouble.reorderMsMax;
    this.#lastArrivalMs = inOrderMs;
    return inOrderMs;
  }

  #latencyMs(trouble: Trouble): number {
    const { random } = this.#process;
    const msMax = random.nextFloat() < trouble.slowShare ? trouble.slowMsMax : trouble.latencyMsMax;
    return random.nextFloat() * msMax;
  }
}
