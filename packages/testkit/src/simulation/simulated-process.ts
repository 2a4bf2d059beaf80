import type { Random } from "@farmscope/domain";
import type { Cancel, Scheduler } from "./scheduler.ts";
import { SimulatedClock } from "./simulated-clock.ts";

/**
 * One life of a service on a machine of its own. Whatever a service waits for comes back through {@link deliver}: so it
 * can be stopped at any await, for a while or for good, and notices nothing.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: SimulatedClock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly #killListeners: (() => void)[] = [];
  /** What arrived during a pause. */
  #backlog: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #diedAtMs = Number.POSITIVE_INFINITY;

  constructor(name: string, scheduler: Scheduler, random: Random) {
    this.name = name;
    this.scheduler = scheduler;
    this.random = random;
    this.clock = new SimulatedClock(scheduler, (ms, wake) => this.deliver(ms, wake), random);
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isPaused(): boolean {
    return this.#state === "paused";
  }

  /** When it was killed, in milliseconds of the run; Infinity while it lives. */
  get diedAtMs(): number {
    return this.#diedAtMs;
  }

  /** Runs a continuation of this process after so many milliseconds: later when it is paused then, never when dead. */
  deliver(ms: number, run: () => void): Cancel {
    return this.scheduler.after(ms, () => this.#receive(run));
  }

  /** As SIGSTOP does: time goes on, this process does not. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** As SIGCONT does: everything that arrived meanwhile is due now, in any order. */
  wake(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const run of this.#backlog.splice(0)) this.deliver(0, run);
  }

  /** As SIGKILL does. What it has sent may still arrive; nothing comes back. */
  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#diedAtMs = this.scheduler.nowMs;
    this.#backlog = [];
    for (const listener of this.#killListeners.splice(0)) listener();
  }

  /** What servers do when the connections of the process break. */
  onKill(listener: () => void): void {
    this.#killListeners.push(listener);
  }

  #receive(run: () => void): void {
    if (this.#state === "paused") this.#backlog.push(run);
    else if (this.#state === "running") run();
  }
}
