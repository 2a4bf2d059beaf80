import type { Clock } from "@farmscope/runtime";
import { Doorbell } from "../doorbell.ts";
import { startOf } from "../limits.ts";
import type { LogReader, LogRecord, ReadOptions } from "../port.ts";
import { copyOf, type MemoryStream } from "./memory-stream.ts";

/** Greatest number of payload bytes that one `next` returns, unless the first record is larger. */
const BUFFER_BYTES_DEFAULT = 8 * 2 ** 20;

export class MemoryReader implements LogReader {
  readonly #stream: MemoryStream;
  readonly #options: ReadOptions;
  readonly #clock: Clock;
  readonly #onClose: (reader: MemoryReader) => void;
  readonly #doorbell = new Doorbell();
  readonly #ring = (): void => this.#doorbell.ring();
  #next: number;
  #hasStarted = false;
  #isClosed = false;

  constructor(stream: MemoryStream, options: ReadOptions, clock: Clock, onClose: (reader: MemoryReader) => void) {
    this.#stream = stream;
    this.#options = options;
    this.#clock = clock;
    this.#onClose = onClose;
    this.#next = options.from;
    stream.listeners.add(this.#ring);
    options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  async next(recordsMax: number, waitMs: number): Promise<LogRecord[]> {
    const endMs = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      if (this.#isClosed || this.#options.signal?.aborted) return [];
      this.#stream.expire(this.#clock.nowMs());
      this.#start();
      const records = this.#take(recordsMax);
      const leftMs = endMs - this.#clock.monotonicMs();
      if (records.length > 0 || leftMs <= 0) return records;
      await this.#doorbell.wait(this.#clock, leftMs);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stream.listeners.delete(this.#ring);
    this.#onClose(this);
    this.#doorbell.ring();
  }

  /** With a key, a hole between two records tells nothing: truncation is looked for at the start only. */
  #start(): void {
    const { key, allowTruncated = false } = this.#options;
    const { first, last } = this.#stream.positions();
    if (this.#hasStarted && key !== undefined) this.#next = Math.max(this.#next, first);
    else this.#next = startOf(this.#next, first, last, allowTruncated);
    this.#hasStarted = true;
  }

  #take(recordsMax: number): LogRecord[] {
    const { key, bufferBytesMax = BUFFER_BYTES_DEFAULT } = this.#options;
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let record = this.#stream.at(this.#next); record !== undefined; record = this.#stream.at(this.#next)) {
      if (key === undefined || record.key === key) {
        bytes += record.payload.length;
        if (records.length === recordsMax || (records.length > 0 && bytes > bufferBytesMax)) break;
        records.push(copyOf(record));
      }
      this.#next++;
    }
    return records;
  }
}
