import { partitionOf } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying, StageCounter } from "@farmscope/runtime";
import type { EncodedBatch, Spool } from "./spool.ts";

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
 * First attempts leave in the order in which the batches were accepted. A failed one is tried again under the same id
 * until it succeeds; meanwhile no new batch is sent, so that an absent log is asked with few voices and what lands late
 * is bounded by the window.
 */
export class Publisher {
  /** in: accepted; out: acknowledged; dropped: refused by the log for good; held: the rest. In batches. */
  readonly counter = new StageCounter("append");
  /** Raw events in acknowledged batches. */
  eventsAcknowledged = 0;
  readonly #options: PublisherOptions;
  readonly #stop = new AbortController();
  #flying = 0;
  #flyingBytes = 0;
  #failing = 0;
  #failure: unknown;
  #waiters: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** What made publishing impossible for good; undefined while there is hope. */
  get failure(): unknown {
    return this.#failure;
  }

  /** True while appends fail and are tried again. */
  get logAway(): boolean {
    return this.#failing > 0;
  }

  /** Whether a batch of at most so many bytes may be accepted. */
  hasRoom(bytes: number): boolean {
    return this.#options.spool.hasRoom(bytes);
  }

  /** Takes a batch over; from here on it is not lost while the process lives. */
  accept(batch: EncodedBatch): void {
    this.counter.in++;
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

  #sendWhatFits(): void {
    const { spool, windowBatchesMax, windowBytesMax } = this.#options;
    while (this.#failing === 0 && this.#flying < windowBatchesMax && !this.#stop.signal.aborted) {
      const next = spool.peek();
      if (next === undefined) return;
      // One batch may always fly, so that a window smaller than a batch does not stop everything.
      if (this.#flying > 0 && this.#flyingBytes + next.payload.length > windowBytesMax) return;
      spool.take();
      void this.#send(next);
    }
  }

  /** Never rejects: what cannot be retried is either this batch's own fault or ends the publisher. */
  async #send(batch: EncodedBatch): Promise<void> {
    this.#flying++;
    this.#flyingBytes += batch.payload.length;
    let failing = false;
    try {
      await this.#append(batch, (error) => {
        if (!failing) {
          failing = true;
          this.#failing++;
          this.#options.logger.warn({ batch: batch.id, code: error.code }, `the log is away: ${error.message}`);
        }
      });
      this.counter.out++;
      this.eventsAcknowledged += batch.events;
    } catch (error) {
      this.#giveUp(batch, error);
    }
    if (failing) this.#failing--;
    this.#flying--;
    this.#flyingBytes -= batch.payload.length;
    this.#sendWhatFits();
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #append(batch: EncodedBatch, onFailure: (error: OperatingError) => void): Promise<number> {
    const { log, partitions, clock } = this.#options;
    const partition = partitionOf(batch.node, partitions);
    const signal = this.#stop.signal;
    const append = (): Promise<number> =>
      log.append({ kind: "event", partition }, batch.node, batch.payload, { id: batch.id, signal });
    return retrying(clock, append, { signal, onFailure });
  }

  #giveUp(batch: EncodedBatch, error: unknown): void {
    if (error instanceof OperatingError && error.code === "ABORTED") return;
    if (error instanceof OperatingError && error.code === "LOG_MESSAGE_TOO_LARGE") {
      this.counter.dropped++;
      this.#options.logger.error(
        { batch: batch.id, bytes: batch.payload.length },
        "the log refused a batch for its size",
      );
      return;
    }
    this.#failure ??= error;
    this.#options.logger.error({ batch: batch.id }, `publishing stopped: ${messageOf(error)}`);
  }
}
