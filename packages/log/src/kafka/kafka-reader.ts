import type { Clock, OperatingError } from "@farmscope/runtime";
import { Doorbell } from "../doorbell.ts";
import { startOf } from "../limits.ts";
import type { LogReader, LogRecord, ReadOptions, StreamPositions } from "../port.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { KeyIndex } from "./key-index.ts";
import { keyOf, offsetOf, positionOf, recordOf } from "./records.ts";
import { type FetchedMessage, type FetchRange, fetchMessages, type Place } from "./requests.ts";
import { translate, typeOf } from "./translate.ts";

export interface ReaderContext {
  readonly cluster: KafkaCluster;
  readonly clock: Clock;
  /** Shared by all readers of the partition. */
  readonly index: KeyIndex;
  /** The ends of the partition as they are now. */
  readonly ends: () => Promise<Pick<StreamPositions, "first" | "last">>;
  readonly onClose: (reader: KafkaReader) => void;
}

const BUFFER_BYTES_DEFAULT = 8 * 2 ** 20;
/** Bytes asked for at first, and at most: an answer is decoded in one go. */
const FETCH_BYTES_FIRST = 256 * 1_024;
const FETCH_BYTES_MAX = 4 * 2 ** 20;
/** How long a broker holds a request while nothing is there to answer, in milliseconds. */
const FETCH_WAIT_MS = 2_000;
/** Bytes asked for after a jump: one batch comes whole, and little of what stands behind it. */
const JUMP_BYTES = 32 * 1_024;
/** Bytes that are cheaper read through than jumped over: a request takes as long as so many bytes do. */
const JUMP_BYTES_MIN = 2 ** 20;
/** Size of a message as long as none was seen. */
const MESSAGE_BYTES_FIRST = 4_096;

/**
 * Reads one partition by position, without a consumer group. While its caller works on what it got, the next messages
 * are on their way. After an error it goes on behind the last record that it received.
 */
export class KafkaReader implements LogReader {
  readonly #place: Place;
  readonly #doing: string;
  readonly #options: ReadOptions;
  readonly #context: ReaderContext;
  readonly #bufferBytesMax: number;
  readonly #doorbell = new Doorbell();
  readonly #over = new AbortController();
  #buffer: LogRecord[] = [];
  #bufferBytes = 0;
  /** Position after the last one received. */
  #next: number;
  #fetchBytes: number;
  /** Mean size of the messages that came last. */
  #messageBytes = MESSAGE_BYTES_FIRST;
  #isFetching = false;
  /** Whether the partition's ends are known to enclose `#next`. */
  #isPlaced = false;
  #hasStarted = false;
  #trouble: OperatingError | null = null;

  constructor(place: Place, doing: string, options: ReadOptions, context: ReaderContext) {
    this.#place = place;
    this.#doing = doing;
    this.#options = options;
    this.#context = context;
    this.#bufferBytesMax = options.bufferBytesMax ?? BUFFER_BYTES_DEFAULT;
    this.#fetchBytes = Math.min(FETCH_BYTES_FIRST, this.#bufferBytesMax);
    this.#next = options.from;
    if (options.signal?.aborted) void this.close();
    else options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  async next(recordsMax: number, waitMs: number): Promise<LogRecord[]> {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + waitMs;
    while (!this.#isClosed) {
      const records = this.#buffer.splice(0, recordsMax);
      for (const record of records) this.#bufferBytes -= record.payload.length;
      if (records.length === 0) this.#throwTrouble();
      this.#fetchAhead();
      if (records.length > 0) return records;
      // A position is looked up however short the wait: "at the end" must mean the end of this moment.
      const leftMs = this.#isPlaced ? endMs - clock.monotonicMs() : Number.POSITIVE_INFINITY;
      if (leftMs <= 0) return [];
      await this.#doorbell.wait(clock, leftMs);
    }
    return [];
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#over.abort();
    this.#buffer = [];
    this.#doorbell.ring();
    this.#context.onClose(this);
  }

  get #isClosed(): boolean {
    return this.#over.signal.aborted;
  }

  #throwTrouble(): void {
    const trouble = this.#trouble;
    this.#trouble = null;
    if (trouble !== null) throw trouble;
  }

  #fetchAhead(): void {
    if (this.#isFetching || this.#trouble !== null || this.#bufferBytes > this.#bufferBytesMax / 2) return;
    this.#isFetching = true;
    void this.#fetch()
      .catch((error: unknown) => {
        this.#isPlaced = false;
        this.#trouble = translate(error, this.#doing);
      })
      .finally(() => {
        this.#isFetching = false;
        this.#doorbell.ring();
      });
  }

  async #fetch(): Promise<void> {
    if (!this.#isPlaced) await this.#takePlace();
    if (this.#isClosed) return;
    this.#jump();
    const range = { offset: offsetOf(this.#next), bytesMax: this.#fetchBytes, waitMs: FETCH_WAIT_MS };
    const messages = await this.#ask(range);
    if (messages === null) this.#isPlaced = false;
    else if (!this.#isClosed) this.#receive(messages);
  }

  /** With a key, a hole between two records tells nothing: truncation is looked for at the start only. */
  async #takePlace(): Promise<void> {
    const { key, allowTruncated = false } = this.#options;
    const { first, last } = await this.#context.ends();
    this.#context.index.reconcile(last);
    if (this.#hasStarted && key !== undefined) this.#next = Math.max(this.#next, first);
    else this.#next = startOf(this.#next, first, last, allowTruncated);
    this.#hasStarted = true;
    this.#isPlaced = true;
    this.#doorbell.ring();
  }

  /** Passes over what is known to hold other keys only. */
  #jump(): void {
    const { key } = this.#options;
    if (key === undefined) return;
    const place = this.#context.index.next(key, this.#next);
    if ((place - this.#next) * this.#messageBytes < JUMP_BYTES_MIN) return;
    this.#next = place;
    this.#fetchBytes = Math.min(JUMP_BYTES, this.#bufferBytesMax);
  }

  /** null when the position lies outside of what the partition holds. */
  async #ask(range: FetchRange): Promise<readonly FetchedMessage[] | null> {
    const { cluster } = this.#context;
    return await cluster.withLeader(
      this.#place,
      this.#doing,
      async (connection) => {
        try {
          return await fetchMessages(connection, this.#place, range);
        } catch (error) {
          if (typeOf(error) === "OFFSET_OUT_OF_RANGE") return null;
          throw error;
        }
      },
      this.#over.signal,
    );
  }

  #receive(messages: readonly FetchedMessage[]): void {
    const start = this.#next;
    const seen: { position: number; key: string }[] = [];
    let bytes = 0;
    for (const message of messages) {
      const position = positionOf(message.offset);
      bytes += message.value?.length ?? 0;
      if (position < this.#next) continue;
      this.#next = position + 1;
      if (!message.isControlRecord) seen.push({ position, key: this.#keep(message) });
    }
    this.#context.index.learn(start, this.#next, seen);
    if (messages.length > 0) this.#messageBytes = bytes / messages.length;
    const room = Math.max(1, Math.min(FETCH_BYTES_MAX, this.#bufferBytesMax / 2));
    if (bytes > this.#fetchBytes / 2) this.#fetchBytes = Math.min(room, this.#fetchBytes * 2);
  }

  /** Takes a message into the buffer if it is wanted. @returns its key. */
  #keep(message: FetchedMessage): string {
    const key = keyOf(message);
    if (this.#options.key === undefined || this.#options.key === key) {
      const record = recordOf(message, key);
      this.#buffer.push(record);
      this.#bufferBytes += record.payload.length;
    }
    return key;
  }
}
