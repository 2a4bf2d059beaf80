import type { LogReader, LogRecord } from "@farmscope/log";
import { OperatingError } from "@farmscope/runtime";

const READ_MAX = 256;
/** A record that is known to be there takes no longer than this, in milliseconds. */
const RECORD_WAIT_MS = 10_000;

/** Reads a stream up to a position, and not past a time that is moved on step by step. */
export class RangeReader implements LogReader {
  /** Records appended at or after this are not given out yet, Unix milliseconds. */
  limitMs = Number.NEGATIVE_INFINITY;
  /** Payload bytes given out. */
  bytes = 0;
  readonly #reader: LogReader;
  readonly #last: number;
  #read: number;
  #buffer: LogRecord[] = [];

  /**
   * @param from position at which `reader` begins.
   * @param last position of the last record wanted.
   */
  constructor(reader: LogReader, from: number, last: number) {
    this.#reader = reader;
    this.#read = from - 1;
    this.#last = last;
  }

  /** True when everything up to the last position was given out. */
  get isOver(): boolean {
    return this.#read >= this.#last && this.#buffer.length === 0;
  }

  /** Append time of the next record, Unix milliseconds; null when there is none. */
  async nextAtMs(): Promise<number | null> {
    await this.#fill();
    return this.#buffer[0]?.appendedAtMs ?? null;
  }

  /** What is there below the limits; an empty array when that is nothing. @throws {OperatingError} LOG_UNAVAILABLE. */
  async next(recordsMax: number): Promise<LogRecord[]> {
    await this.#fill();
    let count = 0;
    while (count < recordsMax && count < this.#buffer.length && this.#buffer[count]!.appendedAtMs < this.limitMs)
      count++;
    const records = this.#buffer.splice(0, count);
    for (const record of records) this.bytes += record.payload.length;
    return records;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #fill(): Promise<void> {
    if (this.#buffer.length > 0 || this.#read >= this.#last) return;
    const records = await this.#reader.next(READ_MAX, RECORD_WAIT_MS);
    if (records.length === 0) {
      throw new OperatingError("LOG_UNAVAILABLE", `nothing came behind position ${this.#read} of ${this.#last}`, {
        retriable: true,
      });
    }
    this.#read = records.at(-1)!.position;
    this.#buffer = records.filter(({ position }) => position <= this.#last);
  }
}
