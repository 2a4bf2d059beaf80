import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
/** Longest wait for a missing batch, in milliseconds of the watermark past the append time of the first one held. */
export const REORDER_WAIT_MS = 10_000;
/** Most batches of one node that are held while one before them is missing. */
export const HELD_BATCHES_MAX = 1024;
/** Boots that are remembered as over, so that a straggler is not taken for a new life. */
const ENDED_BOOTS_MAX = 16;

/** Which batch it is, and when the broker appended it. */
export interface BatchPlace {
  readonly boot: string;
  readonly start: number;
  readonly seq: number;
  readonly appendedAtMs: number;
  /** Where its source stood behind it, counted from the boot's beginning; 0 when the source cannot go back. */
  readonly sourcePosition: number;
}

/** What comes out of the ordering, in this order, to be acted upon one after the other. */
export type OrderStep<T> =
  /** A new life of the emitter begins; what is missing of the one before is lost. */
  | {
      readonly kind: "start";
      readonly boot: string;
      readonly start: number;
      /** Sequence number that is expected first: 0, unless the log's beginning is gone. */
      readonly firstSeq: number;
      /** What the one before had on its way comes again in this one: the batches of it that were held counted as seen. */
      readonly resumes: boolean;
    }
  /** Sequence numbers [from, from + count) are declared lost. */
  | { readonly kind: "gap"; readonly from: number; readonly count: number }
  | { readonly kind: "turn"; readonly item: T }
  /** Seen before, or of a life that is over. */
  | { readonly kind: "duplicate"; readonly item: T };

interface Held<T> {
  readonly item: T;
  readonly appendedAtMs: number;
  readonly sourcePosition: number;
}

/**
 * Restores the order of one node's batches by their sequence numbers. A publish that was retried may land late: what
 * came early is held, until the missing ones arrive or are declared lost. Deterministic: only places, append times and
 * the watermark decide.
 */
export class BatchOrder<T> {
  #boot = "";
  #start = -1;
  #next = 0;
  readonly #held = new Map<number, Held<T>>();
  readonly #endedBoots: string[] = [];
  #openBeginning: boolean;

  /**
   * @param openBeginning the log's beginning is gone, so the first batch of this node counts as its first, whatever its
   *   sequence number.
   */
  constructor(openBeginning = false) {
    this.#openBeginning = openBeginning;
  }

  /** Batches that wait for one before them. */
  get held(): number {
    return this.#held.size;
  }

  /** Whether this batch would have its turn at once, and nothing else with it. */
  isNext(place: BatchPlace): boolean {
    if (this.#held.size > 0 || this.#isOver(place)) return false;
    if (place.boot === this.#boot && place.start === this.#start) return place.seq === this.#next;
    return place.seq === 0 || (this.#start < 0 && this.#openBeginning);
  }

  /** Takes one batch. */
  offer(place: BatchPlace, item: T): OrderStep<T>[] {
    if (this.#isOver(place)) return [{ kind: "duplicate", item }];
    const steps: OrderStep<T>[] = [];
    if (place.boot !== this.#boot || place.start !== this.#start) this.#begin(place, steps);
    if (place.seq < this.#next || this.#held.has(place.seq)) return [...steps, { kind: "duplicate", item }];
    const { appendedAtMs, sourcePosition } = place;
    this.#held.set(place.seq, { item, appendedAtMs, sourcePosition });
    this.#release(steps);
    if (this.#held.size >= HELD_BATCHES_MAX) this.#skip(steps);
    return steps;
  }

  /** Time has passed: gives up waiting for what is overdue. */
  pass(watermarkMs: number): OrderStep<T>[] {
    const steps: OrderStep<T>[] = [];
    while (this.#held.size > 0 && watermarkMs >= this.#firstHeldMs() + REORDER_WAIT_MS) this.#skip(steps);
    return steps;
  }

  /** Writes all of it, for {@link decode}. @param write writes one item that is held. */
  encode(into: StateWriter, write: (item: T) => void): void {
    into.text(this.#boot);
    into.number(this.#start);
    into.number(this.#next);
    into.flag(this.#openBeginning);
    into.list(this.#endedBoots, (boot) => into.text(boot));
    into.list(this.#held, ([seq, { item, appendedAtMs, sourcePosition }]) => {
      into.count(seq);
      into.number(appendedAtMs);
      into.number(sourcePosition);
      write(item);
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader, read: () => T): void {
    this.#boot = from.text();
    this.#start = from.number();
    this.#next = from.number();
    this.#openBeginning = from.flag();
    this.#endedBoots.push(...from.list(() => from.text()));
    from.list(() => {
      const seq = from.count();
      const appendedAtMs = from.number();
      const sourcePosition = from.number();
      this.#held.set(seq, { item: read(), appendedAtMs, sourcePosition });
    });
  }

  #isOver(place: BatchPlace): boolean {
    if (place.boot === this.#boot) return place.start < this.#start;
    return this.#endedBoots.includes(place.boot);
  }

  #begin(place: BatchPlace, steps: OrderStep<T>[]): void {
    const resumes = this.#passOver(place, steps);
    while (this.#held.size > 0) this.#skip(steps);
    const firstEver = this.#start < 0;
    if (!firstEver && this.#boot !== place.boot) {
      this.#endedBoots.push(this.#boot);
      if (this.#endedBoots.length > ENDED_BOOTS_MAX) this.#endedBoots.shift();
    }
    this.#boot = place.boot;
    this.#start = place.start;
    this.#next = firstEver && this.#openBeginning ? place.seq : 0;
    steps.push({ kind: "start", boot: place.boot, start: place.start, firstSeq: this.#next, resumes });
  }

  /**
   * A killed source goes on where its log has no hole before it, and its new start says so with its first batch: what is
   * held of the old one from there on comes again, and would be folded twice.
   */
  #passOver({ boot, seq, sourcePosition }: BatchPlace, steps: OrderStep<T>[]): boolean {
    if (boot !== this.#boot || seq > 0 || sourcePosition === 0) return false;
    const again = [...this.#held].filter(([, held]) => held.sourcePosition > sourcePosition).sort(([a], [b]) => a - b);
    for (const [heldSeq, { item }] of again) {
      this.#held.delete(heldSeq);
      steps.push({ kind: "duplicate", item });
    }
    return again.length > 0;
  }

  /** Lets go of what has no gap before it. */
  #release(steps: OrderStep<T>[]): void {
    for (let held = this.#held.get(this.#next); held !== undefined; held = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next++;
      steps.push({ kind: "turn", item: held.item });
    }
  }

  /** Declares the gap before the first one held as lost. */
  #skip(steps: OrderStep<T>[]): void {
    const first = Math.min(...this.#held.keys());
    steps.push({ kind: "gap", from: this.#next, count: first - this.#next });
    this.#next = first;
    this.#release(steps);
  }

  #firstHeldMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const held of this.#held.values()) first = Math.min(first, held.appendedAtMs);
    return first;
  }
}
