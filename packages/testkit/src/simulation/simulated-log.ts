import type {
  AppendOptions,
  EventLog,
  LogDescription,
  LogReader,
  LogRecord,
  MemoryLog,
  ReadOptions,
  StreamName,
  StreamPositions,
} from "@farmscope/log";
import { OperatingError } from "@farmscope/runtime";
import { Channel, type Trouble } from "./channel.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** An append as it took effect. */
export interface Appended {
  readonly process: string;
  readonly stream: StreamName;
  readonly key: string;
  readonly id: string;
  readonly position: number;
  readonly payload: Uint8Array;
  /** The network delivered it a second time. */
  readonly isRepeated: boolean;
}

export interface SimulatedLogOptions {
  readonly process: SimulatedProcess;
  /** The broker, shared by all processes. */
  readonly broker: MemoryLog;
  readonly trouble: () => Trouble;
  /** False: the broker forgets ids at once, so that every retry that was not needed leaves a second record. */
  readonly deduplicates: boolean;
  readonly onAppend?: (appended: Appended) => void;
}

/** The log as one process sees it across a network that may fail. */
export class SimulatedLog implements EventLog {
  readonly channel: Channel;
  readonly #options: SimulatedLogOptions;

  constructor(options: SimulatedLogOptions) {
    this.#options = options;
    this.channel = new Channel(
      options.process,
      options.trouble,
      () => new OperatingError("LOG_UNAVAILABLE", "the simulated log is away", { retriable: true }),
    );
  }

  get messageBytesMax(): number {
    return this.#options.broker.messageBytesMax;
  }

  ensureStreams(signal?: AbortSignal): Promise<void> {
    return this.channel.call(() => this.#options.broker.ensureStreams(), { signal });
  }

  append(stream: StreamName, key: string, payload: Uint8Array, options: AppendOptions = {}): Promise<number> {
    const { broker, deduplicates, process, onAppend } = this.#options;
    const { id, signal } = options;
    let isRepeated = false;
    const effect = async (): Promise<number> => {
      const position = await broker.append(stream, key, payload, deduplicates && id !== undefined ? { id } : {});
      onAppend?.({ process: process.name, stream, key, id: id ?? "", position, payload, isRepeated });
      isRepeated = true;
      return position;
    };
    return this.channel.call(effect, { signal, isAppend: true });
  }

  read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    const { broker, process } = this.#options;
    return this.channel.call(async () => {
      const reader = new SimulatedReader(await broker.read(stream, options), this.channel);
      process.onKill(() => void reader.close());
      return reader;
    });
  }

  positions(stream: StreamName): Promise<StreamPositions> {
    return this.channel.call(() => this.#options.broker.positions(stream));
  }

  lastOf(stream: StreamName, key: string): Promise<LogRecord | null> {
    return this.channel.call(() => this.#options.broker.lastOf(stream, key));
  }

  describe(): Promise<LogDescription> {
    return this.#options.broker.describe();
  }

  async close(): Promise<void> {}
}

/** Nothing is lost on the way back: what the broker's cursor has passed arrives, or the reader ends. */
class SimulatedReader implements LogReader {
  readonly #inner: LogReader;
  readonly #channel: Channel;

  constructor(inner: LogReader, channel: Channel) {
    this.#inner = inner;
    this.#channel = channel;
  }

  next(recordsMax: number, waitMs: number): Promise<LogRecord[]> {
    return this.#channel.pull(() => this.#inner.next(recordsMax, waitMs));
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}
