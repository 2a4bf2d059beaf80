import type {
  AppendOptions,
  EventLog,
  LogDescription,
  LogReader,
  ReadOptions,
  StreamName,
  StreamPositions,
} from "@farmscope/log";
import { OperatingError } from "@farmscope/runtime";

/** How an append fails: not done, or done without anyone hearing of it. */
export type FailureMode = "append lost" | "acknowledgement lost";

/** A log whose appends fail for ever from the n-th on: what a replica sees that is about to die. */
export class FailingLog implements EventLog {
  readonly messageBytesMax: number;
  readonly #log: EventLog;
  readonly #mode: FailureMode;
  #appendsLeft: number;

  constructor(log: EventLog, appends: number, mode: FailureMode) {
    this.#log = log;
    this.#appendsLeft = appends;
    this.#mode = mode;
    this.messageBytesMax = log.messageBytesMax;
  }

  get hasFailed(): boolean {
    return this.#appendsLeft < 0;
  }

  async append(stream: StreamName, key: string, payload: Uint8Array, options?: AppendOptions): Promise<number> {
    this.#appendsLeft--;
    const isFirstFailure = this.#appendsLeft === -1;
    const isDone = this.#appendsLeft >= 0 || (isFirstFailure && this.#mode === "acknowledgement lost");
    const position = isDone ? await this.#log.append(stream, key, payload, options) : 0;
    if (this.#appendsLeft < 0) throw new OperatingError("LOG_UNAVAILABLE", "the log is away", { retriable: true });
    return position;
  }

  async ensureStreams(signal?: AbortSignal): Promise<void> {
    await this.#log.ensureStreams(signal);
  }

  async read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    return await this.#log.read(stream, options);
  }

  async positions(stream: StreamName): Promise<StreamPositions> {
    return await this.#log.positions(stream);
  }

  async lastOf(stream: StreamName, key: string) {
    return await this.#log.lastOf(stream, key);
  }

  async describe(): Promise<LogDescription> {
    return await this.#log.describe();
  }

  async close(): Promise<void> {}
}
