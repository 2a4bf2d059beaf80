import { CONTROL_VERSION, type ReadPlace } from "@farmscope/domain";
import type { EventLog, LogReader, LogRecord } from "@farmscope/log";
import { type ControlRecord, ControlRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, type Logger, messageOf, type OperatingError, retrying } from "@farmscope/runtime";

const RECORDS_PER_READ_MAX = 256;
const READ_WAIT_MS = 1_000;

export interface ControlFollowerOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every record of our version, from the first retained one on, in order. */
  readonly onRecord: (record: ControlRecord, place: ReadPlace) => void;
  /** Told of the position up to which everything has been read, whether it was understood or not. */
  readonly onPosition?: (position: number) => void;
}

/** Reads fs.control from its beginning and follows it. */
export class ControlFollower {
  readonly #options: ControlFollowerOptions;
  #reader: LogReader | undefined;
  #next = 1;

  constructor(options: ControlFollowerOptions) {
    this.#options = options;
  }

  /** Reads what is there now, so that what holds at the start is known before the first event. @throws {OperatingError} ABORTED. */
  async catchUp(signal: AbortSignal): Promise<void> {
    await this.#retrying(signal, () => this.advance(signal));
  }

  /**
   * Like {@link catchUp}, but gives up when the log is away. One call at a time.
   * @throws {OperatingError} LOG_UNAVAILABLE (retriable).
   */
  async advance(signal: AbortSignal): Promise<void> {
    const { last } = await this.#options.log.positions({ kind: "control" });
    // Retention may have removed what stood there: then a read comes back empty.
    while (this.#next <= last && (await this.#read(signal)) > 0);
    this.#pass(last);
  }

  /** Follows until the signal fires. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#retrying(signal, () => this.#read(signal));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#reader?.close();
  }

  /** @returns the number of records that came within a second. */
  async #read(signal: AbortSignal): Promise<number> {
    this.#reader ??= await this.#open(signal);
    const records = await this.#reader.next(RECORDS_PER_READ_MAX, READ_WAIT_MS);
    for (const record of records) {
      this.#take(record);
      this.#pass(record.position);
    }
    return records.length;
  }

  #pass(position: number): void {
    if (position < this.#next) return;
    this.#next = position + 1;
    this.#options.onPosition?.(position);
  }

  #open(signal: AbortSignal): Promise<LogReader> {
    return this.#options.log.read({ kind: "control" }, { from: this.#next, allowTruncated: true, signal });
  }

  #take({ payload, position, appendedAtMs }: LogRecord): void {
    let record: ControlRecord;
    try {
      record = fromBinary(ControlRecordSchema, payload);
    } catch (error) {
      this.#options.logger.warn({ position }, `a control record is malformed: ${messageOf(error)}`);
      return;
    }
    if (record.version === CONTROL_VERSION) this.#options.onRecord(record, { position, appendedAtMs });
  }

  #retrying<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const onFailure = (error: OperatingError): void => {
      this.#options.logger.warn({ code: error.code }, `fs.control cannot be read: ${error.message}`);
    };
    return retrying(this.#options.clock, work, { signal, onFailure });
  }
}
