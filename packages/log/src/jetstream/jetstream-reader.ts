import type { Clock, Link, Logger, OperatingError } from "@farmscope/runtime";
import type { Msg } from "@nats-io/transport-node";
import { BROKER_MESSAGE_BYTES, startOf } from "../limits.ts";
import type { LogReader, LogRecord, ReadOptions } from "../port.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { Delivery } from "./delivery.ts";
import { positionsOf } from "./positions.ts";
import { PullFlow } from "./pull-flow.ts";
import type { Session } from "./session.ts";
import { streamInfo } from "./streams.ts";
import { KEY_HEADER, keyOf } from "./subjects.ts";
import { translate, unavailable } from "./translate.ts";
import { WakeUp } from "./wake-up.ts";

export interface ReaderContext {
  readonly link: Link<Session>;
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly logger: Logger | undefined;
  readonly onClose: (reader: JetStreamReader) => void;
}

export interface ReaderSource {
  /** Name of the stream. */
  readonly stream: string;
  /** Subject of the only key wanted; undefined: all. */
  readonly filter: string | undefined;
}

const BUFFER_BYTES_DEFAULT = 8 * 2 ** 20;
/** Messages asked for at once, at most. */
const MANY_MAX = 4_096;
/** A server that has not been heard for this long, heartbeats included, has forgotten our request. In milliseconds. */
const SILENCE_MS_MAX = 5_000;

/**
 * Reads one stream by position. It survives whatever happens to its consumer: it opens another one at the position
 * after the last record that it received in order.
 */
export class JetStreamReader implements LogReader {
  readonly #source: ReaderSource;
  readonly #options: ReadOptions;
  readonly #context: ReaderContext;
  readonly #bufferBytesMax: number;
  readonly #wakeUp: WakeUp;
  readonly #onDown = (): void => this.#drop("the connection was lost");
  #buffer: LogRecord[] = [];
  #bufferBytes = 0;
  /** Position after the last record received. */
  #next: number;
  #flow: PullFlow | null = null;
  #flowOver = new AbortController();
  #granted = 0;
  #isAskingBudget = false;
  #hasOpened = false;
  /** End of a hole that was met at `#next`; a new consumer that meets it again passes over it. */
  #holeEnd: number | null = null;
  #trouble: OperatingError | null = null;
  #isClosed = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(source: ReaderSource, options: ReadOptions, context: ReaderContext) {
    this.#source = source;
    this.#options = options;
    this.#context = context;
    this.#bufferBytesMax = options.bufferBytesMax ?? BUFFER_BYTES_DEFAULT;
    this.#next = options.from;
    this.#wakeUp = new WakeUp(context.clock);
    context.link.downListeners.add(this.#onDown);
    if (options.signal?.aborted) void this.close();
    else options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  async next(recordsMax: number, waitMs: number): Promise<LogRecord[]> {
    const { clock } = this.#context;
    const endMs = clock.monotonicMs() + waitMs;
    while (!this.#isClosed) {
      const records = this.#take(recordsMax);
      if (records.length === 0) await this.#ensureFlow();
      if (this.#isClosed) break;
      this.#pull();
      if (records.length > 0) return records;
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#wakeUp.wait(leftMs);
    }
    return [];
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#over.resolve();
    this.#context.link.downListeners.delete(this.#onDown);
    this.#drop("closed");
    this.#buffer = [];
    this.#wakeUp.close();
    this.#context.onClose(this);
  }

  #take(recordsMax: number): LogRecord[] {
    const records = this.#buffer.splice(0, recordsMax);
    for (const record of records) this.#bufferBytes -= record.payload.length;
    return records;
  }

  async #ensureFlow(): Promise<void> {
    const trouble = this.#trouble;
    this.#trouble = null;
    if (trouble !== null) throw trouble;
    if (this.#flow !== null) return;
    try {
      await Promise.race([this.#context.link.get().then((session) => this.#open(session)), this.#over.promise]);
    } catch (error) {
      if (!this.#isClosed) throw translate(error, `reading ${this.#source.stream}`);
    }
  }

  async #open(session: Session): Promise<void> {
    const { stream, filter } = this.#source;
    const { key, allowTruncated = false } = this.#options;
    const info = await streamInfo(session.manager, stream);
    if (info === null) throw unavailable(`stream ${stream} does not exist yet`);
    const { first, last } = positionsOf(info.state);
    // With a key, a hole between two records tells nothing: truncation is looked for at the start only.
    if (this.#hasOpened && key !== undefined) this.#next = Math.max(this.#next, first);
    else this.#next = startOf(this.#next, first, last, allowTruncated);
    const flow: PullFlow = await PullFlow.open(session, { stream, filter, from: this.#next }, this.#context.clock, {
      onMessage: (delivery, message) => this.#receive(delivery, message),
      onDone: () => this.#requestDone(),
      onBroken: (why) => this.#drop(why),
    });
    if (this.#isClosed || this.#context.link.wire !== session) {
      flow.close();
      return;
    }
    this.#hasOpened = true;
    this.#flow = flow;
    this.#flowOver = new AbortController();
    void this.#watch(flow, this.#flowOver.signal);
  }

  /** Keeps the buffer filling: in bulk while more is known to be there, else by one standing request. */
  #pull(): void {
    const flow = this.#flow;
    if (flow === null || flow.isWaiting || this.#isAskingBudget) return;
    if (this.#bufferBytes > this.#bufferBytesMax / 2) return;
    if (flow.pending === 0 || flow.isNextTooLarge) flow.pullOne();
    else void this.#pullMany(flow);
  }

  async #pullMany(flow: PullFlow): Promise<void> {
    const { budget } = this.#context;
    this.#isAskingBudget = true;
    const room = this.#bufferBytesMax - this.#bufferBytes;
    const granted = await budget.take(Math.min(room, flow.pending * BROKER_MESSAGE_BYTES));
    this.#isAskingBudget = false;
    if (this.#flow !== flow) {
      budget.giveBack(granted);
      this.#pull();
      return;
    }
    this.#granted = granted;
    flow.pullMany(Math.min(flow.pending, MANY_MAX), granted);
  }

  #requestDone(): void {
    this.#giveBackGrant();
    this.#pull();
  }

  #receive(delivery: Delivery, message: Msg): void {
    const position = delivery.streamSequence;
    if (!this.#isExpected(position)) {
      this.#holeEnd = position;
      this.#drop(`position ${position} came where ${this.#next} was expected`);
      return;
    }
    const key = keyOf(message.subject, () => message.headers?.get(KEY_HEADER));
    this.#buffer.push({ position, key, appendedAtMs: delivery.storedAtMs, payload: message.data });
    this.#bufferBytes += message.data.length;
    this.#next = position + 1;
    this.#holeEnd = null;
    this.#wakeUp.ring();
  }

  /**
   * A hole may be what retention has just removed: opening anew finds that out. If the stream does begin before it, the
   * hole is the stream's own, and is passed over.
   */
  #isExpected(position: number): boolean {
    if (this.#options.key !== undefined || this.#options.allowTruncated) return true;
    return position === this.#next || position === this.#holeEnd;
  }

  #drop(why: string): void {
    const flow = this.#flow;
    if (flow === null) return;
    this.#flow = null;
    this.#flowOver.abort();
    flow.close();
    this.#giveBackGrant();
    // A consumer that fails at once is trouble of the server: the caller waits before the next try.
    if (!flow.hasProgressed) this.#trouble = unavailable(`reading ${this.#source.stream}: ${why}`);
    if (!this.#isClosed) this.#context.logger?.debug({ stream: this.#source.stream, next: this.#next }, why);
    this.#wakeUp.ring();
  }

  #giveBackGrant(): void {
    const granted = this.#granted;
    this.#granted = 0;
    if (granted > 0) this.#context.budget.giveBack(granted);
  }

  /** A consumer can vanish without a word, and our request with it. */
  async #watch(flow: PullFlow, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    while (this.#flow === flow) {
      await clock.sleep(SILENCE_MS_MAX / 4, signal).catch(() => undefined);
      if (this.#flow !== flow || !flow.isWaiting) continue;
      if (clock.monotonicMs() - flow.heardAtMs > SILENCE_MS_MAX) this.#drop("the server has forgotten our request");
    }
  }
}
