import type { Clock } from "./clock.ts";
import { invariant, OperatingError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { Child, type ChildSpec, type ExitStatus } from "./process-child.ts";

export type { ExitStatus } from "./process-child.ts";

export interface ProcessSpec extends ChildSpec {
  /** What people call it; in logs and errors. */
  readonly name: string;
  /** Whether it can be used by now; asked every 50 ms until it says yes. Absent: as soon as it runs. */
  readonly isReady?: (signal: AbortSignal) => Promise<boolean>;
  /** Longest wait for readiness, in milliseconds. Default 20,000. */
  readonly readyMsMax?: number;
  /** Longest time between SIGTERM and SIGKILL, in milliseconds. Default 9,000. */
  readonly drainMsMax?: number;
  /** Starts it again, with back-off, when it ends unasked. Default false. */
  readonly keepAlive?: boolean;
  /** Lines of output kept for {@link SupervisedProcess.logs}. Default 400. */
  readonly linesMax?: number;
  /** Told of every line of output. */
  readonly onLine?: (line: string) => void;
  /** Told when it ended unasked, before it is started again (or left alone). */
  readonly onExit?: (status: ExitStatus) => void;
}

export type ProcessState = "stopped" | "starting" | "running" | "waiting" | "stopping";

const PROBE_EVERY_MS = 50;
const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 5_000;
/** A process that lived this long is taken to be healthy: its next restart is prompt again. */
const HEALTHY_MS = 30_000;

/**
 * A child process under supervision: started and waited for until ready, kept alive if wanted, drained by SIGTERM and
 * killed when that takes too long, never left behind when this process ends.
 */
export class SupervisedProcess implements AsyncDisposable {
  readonly name: string;
  readonly #spec: ProcessSpec;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #lines: string[] = [];
  #child: Child | null = null;
  #state: ProcessState = "stopped";
  #life = new AbortController();
  #restarts = 0;
  #promptExits = 0;

  constructor(spec: ProcessSpec, clock: Clock, logger?: Logger) {
    this.name = spec.name;
    this.#spec = spec;
    this.#clock = clock;
    this.#logger = logger;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often it was started again because it had ended unasked. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The newest lines of its output, standard output and error together, oldest first. */
  logs(): readonly string[] {
    return this.#lines;
  }

  /**
   * Starts it and resolves when it is ready.
   * @throws {OperatingError} CHILD_FAILED (it ended, could not be started, or was not ready in time), ABORTED.
   */
  async start(signal?: AbortSignal): Promise<void> {
    invariant(this.#state === "stopped", `${this.name} is started while ${this.#state}`);
    this.#life = new AbortController();
    try {
      await this.#launch(signal === undefined ? this.#life.signal : AbortSignal.any([signal, this.#life.signal]));
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Asks it to end, kills it when it has not within `drainMsMax`. Harmless when it does not run. */
  async stop(): Promise<ExitStatus | null> {
    return await this.#end((child) => child.signal("SIGTERM"));
  }

  /** Kills it without warning, as a crash would. It is not started again. */
  async kill(): Promise<ExitStatus | null> {
    return await this.#end((child) => child.killGroup());
  }

  /** Stops it, if it runs, and starts it again. */
  async restart(signal?: AbortSignal): Promise<void> {
    await this.stop();
    await this.start(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(ask: (child: Child) => void): Promise<ExitStatus | null> {
    this.#state = "stopping";
    this.#life.abort();
    const child = this.#child;
    const status = child === null ? null : await this.#untilGone(child, ask);
    this.#child = null;
    this.#state = "stopped";
    return status;
  }

  async #untilGone(child: Child, ask: (child: Child) => void): Promise<ExitStatus> {
    ask(child);
    const patience = new AbortController();
    const overdue = this.#clock.sleep(this.#spec.drainMsMax ?? 9_000, patience.signal).then(
      () => {
        this.#logger?.warn({ child: this.name }, "did not end in time: killed");
        child.killGroup();
      },
      () => undefined,
    );
    const status = await child.exited;
    patience.abort();
    await overdue;
    return status;
  }

  async #launch(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new OperatingError("ABORTED", `${this.name} was stopped before it started`);
    this.#state = "starting";
    const child = new Child(this.#spec, (line) => this.#keep(line));
    this.#child = child;
    await this.#untilReady(child, signal);
    this.#state = "running";
    const readyAtMs = this.#clock.monotonicMs();
    void child.exited.then((status) => {
      if (this.#child === child && this.#state === "running") void this.#endedUnasked(status, readyAtMs);
    });
  }

  async #untilReady(child: Child, signal: AbortSignal): Promise<void> {
    const { isReady, readyMsMax = 20_000 } = this.#spec;
    if (isReady === undefined) return;
    const over = new AbortController();
    const ended = child.exited.then(describeExit);
    const overdue = this.#clock
      .sleep(readyMsMax, AbortSignal.any([signal, over.signal]))
      .then(() => `was not ready within ${readyMsMax} ms`);
    try {
      const failure = await Promise.race([ended, overdue, this.#probe(isReady, over.signal)]);
      if (failure !== null) throw this.#failed(failure);
    } finally {
      over.abort();
    }
  }

  async #probe(isReady: (signal: AbortSignal) => Promise<boolean>, signal: AbortSignal): Promise<null> {
    while (!(await isReady(signal))) await this.#clock.sleep(PROBE_EVERY_MS, signal);
    return null;
  }

  async #endedUnasked(status: ExitStatus, readyAtMs: number): Promise<void> {
    this.#child = null;
    this.#state = this.#spec.keepAlive ? "waiting" : "stopped";
    this.#logger?.warn({ child: this.name, lines: this.#lines.slice(-5) }, `${this.name} ${describeExit(status)}`);
    this.#spec.onExit?.(status);
    if (!this.#spec.keepAlive) return;
    this.#promptExits = this.#clock.monotonicMs() - readyAtMs < HEALTHY_MS ? this.#promptExits + 1 : 0;
    await this.#revive(this.#life.signal);
  }

  /** Starts it again until that succeeds or it is stopped; waits double from 100 ms to 5 s. */
  async #revive(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#state = "waiting";
      try {
        await this.#clock.sleep(Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** this.#promptExits), signal);
        this.#restarts++;
        await this.#launch(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#promptExits = Math.min(this.#promptExits + 1, 16);
        this.#logger?.warn({ child: this.name, err: error }, "could not be started again yet");
        this.#child?.killGroup();
        await this.#child?.exited;
      }
    }
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > (this.#spec.linesMax ?? 400)) this.#lines.shift();
    this.#spec.onLine?.(line);
  }

  #failed(what: string): OperatingError {
    const tail = this.#lines.slice(-5).join("\n");
    return new OperatingError("CHILD_FAILED", `${this.name} ${what}${tail === "" ? "" : `; it said:\n${tail}`}`, {
      retriable: true,
    });
  }
}

function describeExit(status: ExitStatus): string {
  if (status.error !== null) return `could not be started: ${status.error.message}`;
  return status.signal === null ? `ended with code ${status.code}` : `was ended by ${status.signal}`;
}
