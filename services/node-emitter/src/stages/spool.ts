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
 */
export interface Spool {
  readonly batches: number;
  readonly bytes: number;
  /** Whether a batch of at most so many bytes fits. */
  hasRoom(bytes: number): boolean;
  put(batch: EncodedBatch): void;
  /** The oldest batch, without taking it; undefined when nothing waits. */
  peek(): EncodedBatch | undefined;
  /** Takes the oldest batch. */
  take(): EncodedBatch | undefined;
}

/** A bounded spool in memory: what it holds is lost with the process. */
export class MemorySpool implements Spool {
  readonly #batchesMax: number;
  readonly #bytesMax: number;
  #queue: EncodedBatch[] = [];
  /** Index of the oldest batch in `#queue`; what is before it was taken. */
  #head = 0;
  #bytes = 0;

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
}
