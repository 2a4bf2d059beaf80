import { partitionOf } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying, StageCounter } from "@farmscope/runtime";
import type { EncodedBatch, Spool } from "./spool.ts";

/** Wait before the first retry, in milliseconds; it doubles from then on. */
const RETRY_MS_FIRST = 100;
/** Longest wait between two tries while the log is away, in milliseconds: publishing resumes that much after it does. */
const RETRY_MS_MAX = 2_000;
/** Age of an append without an answer, in milliseconds, at which the log counts as away before anything has failed. */
const STALLED_MS = 1_000;

export interface PublisherOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spool: Spool;
  readonly windowBatchesMax: number;
  readonly windowBytesMax: number;
}

/**
 * Appends batches to the log, pipelined: up to a window of them are on their way at once, the rest waits in the spool.
 *
 * When one fails, no new one is sent. Once the fate of all on their way is known, those that failed go back in front of
 * the spool, in their order; then the oldest alone is tried again, under the same id, until it gets through, and the
 * window opens again. So an absent log is asked by one voice, and whatever fails, batches stand in the log in the order
 * in which they were accepted, but for repetitions.
 */
export class Publisher {
  /** in: accepted, or left by an earlier life; out: acknowledged; dropped: refused by the log for good, or unreadable. */
  readonly counter = new StageCounter("append");
  /** Raw events in acknowledged batches. */
  eventsAcknowledged = 0;
  readonly #options: PublisherOptions;
  readonly #stop = new AbortController();
  /** On their way, in the order in which they left; and when each did, in monotonic milliseconds. */
  readonly #flying = new Map<EncodedBatch, number>();
  #flyingBytes = 0;
  /** Those among them whose attempt has failed. */
  readonly #failed = new Set<EncodedBatch>();
  #isProbing = false;
  #failure: unknown;
  #lostInSpool = 0;
  #waiters: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.counter.in = options.spool.batches;
    options.spool.onRefill = () => this.#onRefill();
  }

  /** What made publishing impossible for good; undefined while there is hope. */
  get failure(): unknown {
    return this.#failure;
  }

  /** True while appends fail and are tried again. */
  get logAway(): boolean {
    return this.#isProbing || this.#failed.size > 0;
  }

  /** Whether a batch of at most so many bytes may be accepted. */
  hasRoom(bytes: number): boolean {
    return this.#options.spool.hasRoom(bytes);
  }

  /** Begins with what an earlier life left in the spool. */
  start(): void {
    this.#sendWhatFits();
  }

  /** Takes a batch over; from here on it is not lost while the process lives. */
  accept(batch: EncodedBatch): void {
    this.counter.in++;
    if (this.#isStalled) this.#options.spool.secure();
    this.#options.spool.put(batch);
    this.#sendWhatFits();
  }

  /** Waits until everything accepted is acknowledged, however long the log is away, or until `signal` fires. */
  async settle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const over = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
    });
    await Promise.race([aborted, this.#settled()]);
    over.abort();
  }

  /**
   * Waits until everything accepted is acknowledged, for at most `timeoutMs`; then gives up what is left.
   * @returns the number of batches that were not acknowledged; they still count as held.
   */
  async drain(timeoutMs: number): Promise<number> {
    const overdue = new AbortController();
    const deadline = this.#options.clock.sleep(timeoutMs, overdue.signal).then(
      () => this.#stop.abort(),
      () => undefined,
    );
    await Promise.race([deadline, this.#settled()]);
    overdue.abort();
    this.#stop.abort();
    await deadline;
    return this.counter.held;
  }

  async #settled(): Promise<void> {
    while (this.counter.held > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  get #isStalled(): boolean {
    const [oldestMs] = this.#flying.values();
    return oldestMs !== undefined && this.#options.clock.monotonicMs() - oldestMs > STALLED_MS;
  }

  #onRefill(): void {
    const { lost } = this.#options.spool;
    this.counter.dropped += lost - this.#lostInSpool;
    this.#lostInSpool = lost;
    this.#sendWhatFits();
    this.#wake();
  }

  #sendWhatFits(): void {
    const { spool, windowBatchesMax, windowBytesMax } = this.#options;
    while (!this.logAway && this.#flying.size < windowBatchesMax && !this.#stop.signal.aborted) {
      const next = spool.peek();
      if (next === undefined) return;
      // One batch may always fly, so that a window smaller than a batch does not stop everything.
      if (this.#flying.size > 0 && this.#flyingBytes + next.payload.length > windowBytesMax) return;
      this.#takeOff(next);
      void this.#send(next);
    }
  }

  #takeOff(batch: EncodedBatch): void {
    this.#options.spool.take();
    this.#flying.set(batch, this.#options.clock.monotonicMs());
    this.#flyingBytes += batch.payload.length;
  }

  /** First attempt. Never rejects: what cannot be retried is either this batch's own fault or ends the publisher. */
  async #send(batch: EncodedBatch): Promise<void> {
    try {
      await this.#append(batch);
      this.#acknowledge(batch);
    } catch (error) {
      if (error instanceof OperatingError && error.retriable) this.#fail(batch, error);
      else this.#giveUp(batch, error);
    }
    if (this.#failed.size > 0 && this.#failed.size === this.#flying.size) this.#goBack();
    this.#sendWhatFits();
    this.#wake();
  }

  /** Puts back what has failed and tries the oldest of it until it gets through. */
  #goBack(): void {
    const { spool } = this.#options;
    const batches = [...this.#flying.keys()];
    this.#flying.clear();
    this.#flyingBytes = 0;
    this.#failed.clear();
    spool.putBack(batches);
    this.#takeOff(batches[0]);
    void this.#probe(batches[0]);
  }

  /** Never rejects, like {@link #send}. */
  async #probe(batch: EncodedBatch): Promise<void> {
    const { clock } = this.#options;
    const signal = this.#stop.signal;
    this.#isProbing = true;
    try {
      // The first wait is for the attempt that has failed already.
      await clock.sleep(RETRY_MS_FIRST, signal);
      await retrying(clock, () => this.#append(batch), { signal, firstMs: RETRY_MS_FIRST, maxMs: RETRY_MS_MAX });
      this.#acknowledge(batch);
    } catch (error) {
      this.#giveUp(batch, error);
    }
    this.#isProbing = false;
    this.#sendWhatFits();
    this.#wake();
  }

  #append(batch: EncodedBatch): Promise<number> {
    const partition = partitionOf(batch.node, this.#options.partitions);
    const options = { id: batch.id, signal: this.#stop.signal };
    return this.#options.log.append({ kind: "event", partition }, batch.node, batch.payload, options);
  }

  #acknowledge(batch: EncodedBatch): void {
    this.counter.out++;
    this.eventsAcknowledged += batch.events;
    this.#settle(batch);
  }

  #settle(batch: EncodedBatch): void {
    this.#flying.delete(batch);
    this.#flyingBytes -= batch.payload.length;
    this.#options.spool.settle(batch);
  }

  #fail(batch: EncodedBatch, error: OperatingError): void {
    if (this.#failed.size === 0) {
      this.#options.logger.warn({ batch: batch.id, code: error.code }, `the log is away: ${error.message}`);
      this.#options.spool.secure();
    }
    this.#failed.add(batch);
  }

  #giveUp(batch: EncodedBatch, error: unknown): void {
    if (error instanceof OperatingError && error.code === "ABORTED") return;
    if (error instanceof OperatingError && error.code === "LOG_MESSAGE_TOO_LARGE") {
      this.counter.dropped++;
      this.#settle(batch);
      this.#options.logger.error(
        { batch: batch.id, bytes: batch.payload.length },
        "the log refused a batch for its size",
      );
      return;
    }
    this.#failure ??= error;
    this.#options.logger.error({ batch: batch.id }, `publishing stopped: ${messageOf(error)}`);
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
