/** A closed batch on its way to the log. */
export interface EncodedBatch {
  readonly node: string;
  /** Deterministic: "<node>/<boot>/<start>/<seq>". */
  readonly id: string;
  readonly seq: number;
  /** The encoded EventRecord. */
  readonly payload: Uint8Array;
  /** Raw events inside, of all kinds. */
  readonly events: number;
}

/**
 * Where closed batches wait, in order, while the log takes no more. The owner asks `hasRoom` first: a source that can
 * wait is paused, one that cannot gives events up, counted. So `put` itself never refuses, and a pause that comes one
 * poll late is not a loss.
 *
 * A batch that was taken stays the spool's concern until it is settled or put back: a spool on disk keeps it till then.
 */
export interface Spool {
  /** Batches that wait, those on disk included, those taken not. */
  readonly batches: number;
  /** Bytes of memory that they take. */
  readonly bytes: number;
  /** Batches that waited and cannot be had any more; nothing else is ever lost in here. */
  readonly lost: number;
  /** Called when there is something to take again after `peek` had nothing at hand, and when batches were lost. */
  onRefill: () => void;
  /** Whether a batch of at most so many bytes fits. */
  hasRoom(bytes: number): boolean;
  put(batch: EncodedBatch): void;
  /** The oldest batch, without taking it; undefined when nothing waits, or when it must be fetched first. */
  peek(): EncodedBatch | undefined;
  /** Takes the oldest batch. */
  take(): EncodedBatch | undefined;
  /** Puts batches that were taken and did not get through back in front; the oldest first. */
  putBack(batches: readonly EncodedBatch[]): void;
  /** The log has the batch, or has refused it for good. */
  settle(batch: EncodedBatch): void;
  /** The log is away: from here on nothing accepted may die with the process, if this spool can see to that. */
  secure(): void;
  /** Ends it. @returns the number of batches that are kept for the next life of the emitter. */
  close(): Promise<number>;
}

/** A bounded spool in memory: what it holds is lost with the process. */
export class MemorySpool implements Spool {
  readonly #batchesMax: number;
  readonly #bytesMax: number;
  #queue: EncodedBatch[] = [];
  /** Index of the oldest batch in `#queue`; what is before it was taken. */
  #head = 0;
  #bytes = 0;
  readonly lost = 0;
  onRefill = (): void => undefined;

  constructor(batchesMax: number, bytesMax: number) {
    this.#batchesMax = batchesMax;
    this.#bytesMax = bytesMax;
  }

  get batches(): number {
    return this.#queue.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoom(bytes: number): boolean {
    return this.batches < this.#batchesMax && this.#bytes + bytes <= this.#bytesMax;
  }

  put(batch: EncodedBatch): void {
    this.#queue.push(batch);
    this.#bytes += batch.payload.length;
  }

  peek(): EncodedBatch | undefined {
    return this.#queue[this.#head];
  }

  /** Constant time on average: the taken half is cut off when it outgrows the waiting one. */
  take(): EncodedBatch | undefined {
    const batch = this.#queue[this.#head];
    if (batch === undefined) return undefined;
    this.#head++;
    this.#bytes -= batch.payload.length;
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return batch;
  }

  /** Cost: linear in what waits. */
  putBack(batches: readonly EncodedBatch[]): void {
    this.#queue = [...batches, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    for (const { payload } of batches) this.#bytes += payload.length;
  }

  settle(): void {}

  secure(): void {}

  close(): Promise<number> {
    return Promise.resolve(0);
  }

  /** What waits, the oldest first. */
  *[Symbol.iterator](): Generator<EncodedBatch> {
    for (let at = this.#head; at < this.#queue.length; at++) yield this.#queue[at];
  }
}
