import { type Clock, invariant, OperatingError } from "@farmscope/runtime";
import type { Disturbance } from "./disturbance.ts";
import type { Part } from "./installation.ts";

/** Longest wait for a process of a role to be alive and awake, in milliseconds: a broker may take a minute to come back. */
const TARGET_MS_MAX = 120_000;
const LOOK_EVERY_MS = 100;

/** Kills and pauses processes. */
export class Disturber {
  /** How often each thing was done, by "<role> <action>". */
  readonly counts: Record<string, number> = {};
  readonly #parts: readonly Part[];
  readonly #clock: Clock;
  readonly #tell: (line: string) => void;
  /** Those that sleep now, by pid. */
  readonly #paused = new Map<number, Promise<void>>();

  constructor(parts: readonly Part[], clock: Clock, tell: (line: string) => void) {
    this.#parts = parts;
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Does one thing after the other, then waits until nobody sleeps any more.
   * @throws {OperatingError} TIMEOUT when no process of the role can be had.
   */
  async run(disturbances: readonly Disturbance[]): Promise<void> {
    for (const [index, disturbance] of disturbances.entries()) {
      await this.#clock.sleep(disturbance.waitMs);
      const { name, pid } = await this.#target(disturbance);
      const { role, action, pauseMs } = disturbance;
      const kind = `${role} ${action}`;
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      const how = action === "kill" ? "killed" : `paused for ${Math.round(pauseMs)} ms`;
      this.#tell(`${index + 1} of ${disturbances.length}: ${name} (${pid}) ${how}`);
      if (action === "kill") process.kill(pid, "SIGKILL");
      else this.#pause(pid, pauseMs);
    }
    await Promise.all(this.#paused.values());
  }

  /** Wakes everybody at once. */
  wakeAll(): void {
    for (const pid of this.#paused.keys()) signal(pid, "SIGCONT");
  }

  /** The first one, from the drawn place on, that is up and awake; waits for one when there is none. */
  async #target({ role, place }: Disturbance): Promise<{ readonly name: string; readonly pid: number }> {
    const deadlineMs = this.#clock.monotonicMs() + TARGET_MS_MAX;
    while (this.#clock.monotonicMs() < deadlineMs) {
      const parts = this.#parts.filter((part) => part.role === role);
      invariant(parts.length > 0, `there is a process to be a ${role}`);
      const first = Math.floor(place * parts.length);
      for (const { name, process: child } of [...parts.slice(first), ...parts.slice(0, first)]) {
        const { pid, state } = child;
        if (state === "running" && pid !== undefined && !this.#paused.has(pid)) return { name, pid };
      }
      await this.#clock.sleep(LOOK_EVERY_MS);
    }
    throw new OperatingError("TIMEOUT", `no ${role} was up and awake within ${TARGET_MS_MAX} ms`);
  }

  #pause(pid: number, pauseMs: number): void {
    process.kill(pid, "SIGSTOP");
    const awake = this.#clock.sleep(pauseMs).then(() => {
      signal(pid, "SIGCONT");
      this.#paused.delete(pid);
    });
    this.#paused.set(pid, awake);
  }
}

/** The process may have gone meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
