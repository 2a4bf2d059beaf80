import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import type { JobState } from "../schemas/index.ts";

/** A piece of work that somebody asked for and does not wait for. */
export interface Job<Subject, Progress> {
  readonly id: string;
  readonly subject: Subject;
  readonly createdMs: number;
  state: JobState;
  progress: Progress | null;
  finishedMs: number | null;
  error: string | null;
}

export interface JobsOptions<Subject, Progress> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Does the work until it is done or the signal fires. */
  readonly run: (subject: Subject, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<void>;
  /** Jobs that run at the same time; later ones wait. */
  readonly runningMax: number;
  /** Jobs that wait or run; more are refused with OVERLOADED. */
  readonly openMax: number;
  /** Jobs that are remembered, with what they gave; those that ended first go. */
  readonly keptMax: number;
  /** How long after its end a job is remembered, in milliseconds. */
  readonly keepMs: number;
}

/** Jobs of one kind, bounded in number and in how long what they gave is kept. */
export class Jobs<Subject, Progress> {
  readonly #options: JobsOptions<Subject, Progress>;
  readonly #jobs = new Map<string, Job<Subject, Progress>>();
  readonly #waiting: Job<Subject, Progress>[] = [];
  readonly #running = new Map<Job<Subject, Progress>, AbortController>();
  readonly #ends = new Set<Promise<void>>();

  constructor(options: JobsOptions<Subject, Progress>) {
    this.#options = options;
  }

  /** All that are remembered, the newest first. */
  list(): Job<Subject, Progress>[] {
    this.#forget();
    return [...this.#jobs.values()].reverse();
  }

  get(id: string): Job<Subject, Progress> | null {
    this.#forget();
    return this.#jobs.get(id) ?? null;
  }

  /** When what a job gave is forgotten, Unix milliseconds; null while it has not ended. */
  expiresMs({ finishedMs }: Job<Subject, Progress>): number | null {
    return finishedMs === null ? null : finishedMs + this.#options.keepMs;
  }

  /** @throws {OperatingError} OVERLOADED. */
  start(subject: Subject): Job<Subject, Progress> {
    const { clock, newId, openMax } = this.#options;
    this.#forget();
    if (this.#waiting.length + this.#running.size >= openMax) {
      throw new OperatingError("OVERLOADED", `${openMax} jobs of this kind are waiting or running`, {
        retriable: true,
        remedy: "wait for one of them, or cancel it",
      });
    }
    const open = { state: "queued", progress: null, finishedMs: null, error: null } as const;
    const job: Job<Subject, Progress> = { id: newId(), subject, createdMs: clock.nowMs(), ...open };
    this.#jobs.set(job.id, job);
    this.#waiting.push(job);
    this.#next();
    return job;
  }

  /** Ends a job that waits or runs; one that has ended is forgotten. Null when there is no such job. */
  cancel(id: string): Job<Subject, Progress> | null {
    const job = this.get(id);
    if (job === null) return null;
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#end(job, "cancelled", null);
    } else if (this.#running.has(job)) {
      this.#running.get(job)!.abort();
    } else {
      this.#jobs.delete(id);
    }
    return job;
  }

  /** Cancels everything and waits until nothing runs any more. */
  async close(): Promise<void> {
    for (const job of this.#waiting.splice(0)) this.#end(job, "cancelled", null);
    for (const controller of this.#running.values()) controller.abort();
    await Promise.all(this.#ends);
  }

  #next(): void {
    while (this.#running.size < this.#options.runningMax) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const end = this.#run(job).finally(() => this.#ends.delete(end));
      this.#ends.add(end);
    }
  }

  async #run(job: Job<Subject, Progress>): Promise<void> {
    const { logger, run } = this.#options;
    const controller = new AbortController();
    this.#running.set(job, controller);
    job.state = "running";
    const onProgress = (progress: Progress): void => {
      job.progress = progress;
    };
    try {
      await run(job.subject, onProgress, controller.signal);
      this.#end(job, controller.signal.aborted ? "cancelled" : "complete", null);
    } catch (error) {
      logger.warn({ job: job.id, err: messageOf(error) }, "a job failed");
      const known = error instanceof OperatingError;
      this.#end(job, "failed", known ? `${error.code}: ${error.message}` : "see the log of the query API");
    } finally {
      this.#running.delete(job);
      this.#next();
    }
  }

  #end(job: Job<Subject, Progress>, state: JobState, error: string | null): void {
    Object.assign(job, { state, error, finishedMs: this.#options.clock.nowMs() });
  }

  #forget(): void {
    const { clock, keepMs, keptMax } = this.#options;
    const ended = [...this.#jobs.values()]
      .filter((job) => job.finishedMs !== null)
      .sort((a, b) => a.finishedMs! - b.finishedMs!);
    const over = Math.max(0, this.#jobs.size - keptMax);
    for (const [at, job] of ended.entries()) {
      if (at < over || job.finishedMs! + keepMs <= clock.nowMs()) this.#jobs.delete(job.id);
    }
  }
}
