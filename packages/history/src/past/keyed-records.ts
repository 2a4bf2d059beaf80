import type { EventLog, LogReader, LogRecord, StreamName } from "@farmscope/log";
import { OperatingError } from "@farmscope/runtime";

const READ_MAX = 256;
/** A record that is known to be there takes no longer than this, in milliseconds. */
const RECORD_WAIT_MS = 10_000;
/** Bytes read ahead by one reader: a short answer needs no more, a long one loses nothing by it. */
const BUFFER_BYTES = 2 * 2 ** 20;

export interface KeyedRange {
  readonly log: EventLog;
  readonly stream: StreamName;
  readonly keys: readonly string[];
  /** First position wanted; what is no longer retained of it is passed over. */
  readonly from: number;
  /** Last position wanted. */
  readonly through: number;
}

/** One key's records, one at a time, until the last that is there. */
class KeyCursor {
  readonly #range: KeyedRange;
  readonly #key: string;
  #reader: LogReader | null = null;
  #buffer: LogRecord[] = [];
  /** Position of the newest record of the key. */
  #newest = 0;

  constructor(range: KeyedRange, key: string) {
    this.#range = range;
    this.#key = key;
  }

  async open(): Promise<void> {
    const { log, stream, from, through } = this.#range;
    const newest = (await log.lastOf(stream, this.#key))?.position ?? 0;
    if (newest < from || from > through) return;
    this.#newest = newest;
    this.#reader = await log.read(stream, { from, key: this.#key, allowTruncated: true, bufferBytesMax: BUFFER_BYTES });
  }

  /** The next record, without taking it; null at the end. */
  async peek(): Promise<LogRecord | null> {
    if (this.#buffer.length === 0) await this.#fill();
    const record = this.#buffer[0];
    return record === undefined || record.position > this.#range.through ? null : record;
  }

  take(): void {
    this.#buffer.shift();
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }

  async #fill(): Promise<void> {
    if (this.#reader === null) return;
    const records = await this.#reader.next(READ_MAX, RECORD_WAIT_MS);
    const last = records.at(-1);
    if (last === undefined) {
      const text = `no record of ${this.#key} came up to position ${this.#newest}`;
      throw new OperatingError("LOG_UNAVAILABLE", text, { retriable: true });
    }
    this.#buffer = records;
    if (last.position >= Math.min(this.#newest, this.#range.through)) await this.close();
  }
}

/**
 * The records of a few keys of a stream, in the order of the stream. Only these are read: by subject filter from
 * JetStream, by the index of offsets from Kafka.
 * @throws {OperatingError} LOG_UNAVAILABLE (retriable).
 */
export async function* keyedRecords(range: KeyedRange): AsyncGenerator<LogRecord> {
  const cursors = range.keys.map((key) => new KeyCursor(range, key));
  try {
    await Promise.all(cursors.map((cursor) => cursor.open()));
    for (;;) {
      const next = await earliest(cursors);
      if (next === null) return;
      next.cursor.take();
      yield next.record;
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

async function earliest(cursors: readonly KeyCursor[]): Promise<{ cursor: KeyCursor; record: LogRecord } | null> {
  let found: { cursor: KeyCursor; record: LogRecord } | null = null;
  for (const cursor of cursors) {
    const record = await cursor.peek();
    if (record !== null && (found === null || record.position < found.record.position)) found = { cursor, record };
  }
  return found;
}
