import type { Random } from "@farmscope/domain";
import { messageOf, OperatingError, type Service } from "@farmscope/runtime";
import { type Channel, type Scheduler, SimulatedProcess } from "@farmscope/testkit/simulation";

/** A service in one of its lives, and its connections. */
export interface Program {
  readonly service: Service;
  readonly channels: readonly Channel[];
}

const RESTART_AFTER_ERROR_MS = 200;

interface Life {
  readonly process: SimulatedProcess;
  readonly program: Program;
  readonly stop: AbortController;
}

/** A machine with one service, which is started again whenever it died. */
export class Machine {
  readonly name: string;
  /** The service has done all it had to do. */
  isFinished = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #launch: (process: SimulatedProcess) => Program;
  readonly #onFault: (fault: string) => void;
  #life: Life | null = null;
  #lives = 0;
  #clockOffsetMs = 0;
  #retired = false;

  constructor(
    name: string,
    scheduler: Scheduler,
    random: Random,
    launch: (process: SimulatedProcess) => Program,
    onFault: (fault: string) => void,
  ) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#random = random.fork(name);
    this.#launch = launch;
    this.#onFault = onFault;
  }

  /** Whether a service runs here, be it paused. */
  get isUp(): boolean {
    return this.#life !== null;
  }

  get channels(): readonly Channel[] {
    return this.#life?.program.channels ?? [];
  }

  /** Starts the service, unless it runs, or has nothing left to do. */
  start(): void {
    if (this.#life !== null || this.isFinished || this.#retired) return;
    const name = `${this.name}-${++this.#lives}`;
    const process = new SimulatedProcess(name, this.#scheduler, this.#random.fork(name));
    process.clock.setOffset(this.#clockOffsetMs);
    const life = { process, program: this.#launch(process), stop: new AbortController() };
    this.#life = life;
    life.program.service.run(life.stop.signal).then(
      () => this.#ended(life),
      (error: unknown) => this.#failed(life, error),
    );
  }

  /** As SIGKILL does; started again after so many milliseconds. */
  crash(downMs: number): void {
    this.#life?.process.kill();
    this.#life = null;
    this.#scheduler.after(downMs, () => this.start());
  }

  /** As SIGTERM does; started again as soon as it has ended. */
  stop(): void {
    const life = this.#life;
    life?.process.deliver(0, () => life.stop.abort());
  }

  /** As SIGTERM does; not started again. */
  retire(): void {
    this.#retired = true;
    this.stop();
  }

  pause(ms: number): void {
    const process = this.#life?.process;
    process?.pause();
    this.#scheduler.after(ms, () => process?.wake());
  }

  wake(): void {
    this.#life?.process.wake();
  }

  /** Sets the wall clock wrong, for this life and the next ones. */
  setClock(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs;
    this.#life?.process.clock.setOffset(offsetMs);
  }

  #ended(life: Life): void {
    if (life !== this.#life) return;
    this.isFinished = !life.stop.signal.aborted;
    this.#leave(life);
  }

  /** What a supervisor would see as an exit with an error. */
  #failed(life: Life, error: unknown): void {
    if (!(error instanceof OperatingError)) {
      this.#onFault(`${life.process.name} died: ${error instanceof Error ? error.stack : messageOf(error)}`);
    }
    if (life === this.#life) this.#leave(life);
  }

  #leave(life: Life): void {
    life.process.kill();
    this.#life = null;
    this.#scheduler.after(RESTART_AFTER_ERROR_MS, () => this.start());
  }
}
