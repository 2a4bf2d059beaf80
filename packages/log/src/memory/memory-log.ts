import { type Clock, OperatingError } from "@farmscope/runtime";
import { checkAppend, checkStream, PAYLOAD_BYTES_DEFAULT } from "../limits.ts";
import {
  type AppendOptions,
  brokerStreamName,
  type EventLog,
  type LogDescription,
  type LogReader,
  type LogRecord,
  type ReadOptions,
  type StreamName,
  type StreamPositions,
} from "../port.ts";
import { retentionOf } from "../retention.ts";
import { MemoryReader } from "./memory-reader.ts";
import { MemoryStream } from "./memory-stream.ts";

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** Partitions of the raw events. Default 4. */
  readonly partitions?: number;
  /** Bytes of payload that the raw events may hold, all partitions together. Default 256 MiB. */
  readonly bytesMax?: number;
  /** Largest payload, in bytes. Default as of a broker with 1 MiB messages. */
  readonly messageBytesMax?: number;
}

/** An event log in this process's memory: for one process that needs no durability, for simulation and for tests. */
export class MemoryLog implements EventLog {
  readonly messageBytesMax: number;
  readonly #clock: Clock;
  readonly #partitions: number;
  readonly #bytesMax: number;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #readers = new Set<MemoryReader>();
  #isClosed = false;

  constructor(options: MemoryLogOptions) {
    this.#clock = options.clock;
    this.#partitions = options.partitions ?? 4;
    this.#bytesMax = options.bytesMax ?? 256 * 2 ** 20;
    this.messageBytesMax = options.messageBytesMax ?? PAYLOAD_BYTES_DEFAULT;
  }

  /** Streams in memory are there when they are first used: nothing needs to be made beforehand. */
  async ensureStreams(): Promise<void> {
    this.#refuseWhenClosed();
  }

  async append(stream: StreamName, key: string, payload: Uint8Array, options: AppendOptions = {}): Promise<number> {
    this.#refuseWhenClosed();
    checkAppend(key, payload, this.messageBytesMax, options);
    return this.#stream(stream).append(key, payload, options.id, this.#clock.nowMs());
  }

  async read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    this.#refuseWhenClosed();
    const reader = new MemoryReader(this.#stream(stream), options, this.#clock, (closed) => {
      this.#readers.delete(closed);
    });
    this.#readers.add(reader);
    return reader;
  }

  async positions(stream: StreamName): Promise<StreamPositions> {
    return this.#fresh(stream).positions();
  }

  async lastOf(stream: StreamName, key: string): Promise<LogRecord | null> {
    return this.#fresh(stream).lastOf(key);
  }

  async describe(): Promise<LogDescription> {
    const warnings = ["kept in memory: everything is lost when the process ends"];
    return { kind: "memory", version: "", connected: !this.#isClosed, warnings };
  }

  /**
   * Loses the newest records of a stream, as a server does that lost power before they were on its disk. Their positions
   * are given to what is appended next.
   */
  loseTail(stream: StreamName, records: number): void {
    this.#stream(stream).loseTail(records);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const reader of this.#readers) await reader.close();
  }

  #fresh(name: StreamName): MemoryStream {
    this.#refuseWhenClosed();
    const stream = this.#stream(name);
    stream.expire(this.#clock.nowMs());
    return stream;
  }

  #stream(name: StreamName): MemoryStream {
    checkStream(name, this.#partitions);
    const key = brokerStreamName("memory", name);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new MemoryStream(retentionOf(name, this.#partitions, this.#bytesMax));
      this.#streams.set(key, stream);
    }
    return stream;
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new OperatingError("ABORTED", "the log was closed");
  }
}
