import { create, DistributionSchema, type Distribution as DistributionView } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { exactIndexOf, exactLowerUs, exactUpperUs } from "./hdr-geometry.ts";
import { decodeHdrV2, encodeHdrV2 } from "./hdr-v2.ts";
import { decodeSlotPairs, encodeSlotPairs, type SlotPairs } from "./slot-pairs.ts";
import { SLOTS, slotLowerUs, slotUpperUs } from "./slots.ts";

/** A quantile in microseconds: the best guess and the bounds that the true one lies in, lower <= true < upper. */
export interface Quantile {
  readonly value: number;
  readonly lower: number;
  /** Infinity when it lies in the kernel's last, open slot. */
  readonly upper: number;
}

/** Values between two bounds, lower <= value < upper, in microseconds. */
export interface DistributionCell {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

const NS_PER_US = 1000;

/**
 * A latency distribution: what the kernel counted in its log-linear slots, and what was measured exactly, kept in
 * HdrHistogram's counters (unit one microsecond, three digits). The two are kept apart, so each quantile carries the
 * bounds of the slot or counter it lies in. Merging is exact, commutative and associative, and equal contents have
 * equal bytes. Costs a few numbers per slot that is in use.
 */
export class Distribution {
  readonly #slots = new Map<number, number>();
  readonly #exact = new Map<number, number>();
  #count = 0;
  /** In nanoseconds, whole: sums of integers below 2^53 do not depend on their order. */
  #sumNs = 0;
  #exactMaxUs = 0;
  #cells: readonly DistributionCell[] | null = null;

  get count(): number {
    return this.#count;
  }

  /** Sum of all values in microseconds. */
  get sumUs(): number {
    return this.#sumNs / NS_PER_US;
  }

  /**
   * No value was greater, in microseconds: the greatest exact value, or the upper bound of the highest slot in use (of
   * the open slot: its lower bound). 0 when empty.
   */
  get maxUs(): number {
    let highest = -1;
    for (const slot of this.#slots.keys()) highest = Math.max(highest, slot);
    if (highest < 0) return this.#exactMaxUs;
    const bound = highest === SLOTS - 1 ? slotLowerUs(highest) : slotUpperUs(highest);
    return Math.max(this.#exactMaxUs, bound);
  }

  /**
   * Adds what a kernel histogram gained.
   * @param slots sparse pairs as in the wire's HistogramDelta.
   * @param sumNs sum of the values in nanoseconds.
   * @throws {WireFormatError} malformed; nothing is added then.
   */
  recordSlots(slots: Uint8Array, sumNs: number): void {
    this.recordPairs(decodeSlotPairs(slots), sumNs);
  }

  /** Like {@link recordSlots}, for pairs that were decoded before. */
  recordPairs(pairs: SlotPairs, sumNs: number): void {
    pairs.slots.forEach((slot, at) => {
      const count = pairs.counts[at]!;
      if (count === 0) return;
      increase(this.#slots, slot, count);
      this.#count += count;
    });
    this.#sumNs += sumNs;
    this.#cells = null;
  }

  /** Adds one value that was measured exactly, in microseconds; fractions count in the sum only. */
  recordExactUs(valueUs: number): void {
    increase(this.#exact, exactIndexOf(valueUs), 1);
    this.#count += 1;
    this.#sumNs += Math.round(valueUs * NS_PER_US);
    this.#exactMaxUs = Math.max(this.#exactMaxUs, valueUs);
    this.#cells = null;
  }

  /** Adds all of another distribution. */
  add(other: Distribution): void {
    for (const [slot, count] of other.#slots) increase(this.#slots, slot, count);
    for (const [index, count] of other.#exact) increase(this.#exact, index, count);
    this.#count += other.#count;
    this.#sumNs += other.#sumNs;
    this.#exactMaxUs = Math.max(this.#exactMaxUs, other.#exactMaxUs);
    this.#cells = null;
  }

  /**
   * Takes away what was added before. The greatest exact value stays: whoever takes away an older state of something that
   * only grows has its newer state in here already.
   */
  subtract(other: Distribution): void {
    for (const [slot, count] of other.#slots) decrease(this.#slots, slot, count);
    for (const [index, count] of other.#exact) decrease(this.#exact, index, count);
    this.#count -= other.#count;
    this.#sumNs -= other.#sumNs;
    this.#cells = null;
  }

  /**
   * The value that a share `q` (0..1) of all values does not exceed, with its bounds; null when empty. The value is
   * interpolated by rank inside its slot. When slots and exact values stand together, the bounds are the order
   * statistics of all lower and of all upper bounds, between which the true value must lie.
   */
  quantile(q: number): Quantile | null {
    if (this.#count === 0) return null;
    const rank = Math.min(this.#count, Math.max(1, Math.ceil(q * this.#count)));
    const cells = this.#sortedCells();
    const low = cellAt(cells, rank);
    const mixed = this.#slots.size > 0 && this.#exact.size > 0;
    const high = mixed
      ? cellAt(
          [...cells].sort((a, b) => a.upper - b.upper),
          rank,
        )
      : low;
    return { value: Math.min(interpolate(low), high.cell.upper), lower: low.cell.lower, upper: high.cell.upper };
  }

  /** Counts of the kernel's slots, one for each, for coarser schemes and charts. A copy. */
  slotCounts(): Float64Array {
    const counts = new Float64Array(SLOTS);
    for (const [slot, count] of this.#slots) counts[slot] = count;
    return counts;
  }

  /** All cells in use, by lower bound, for heatmaps. */
  cells(): readonly DistributionCell[] {
    return this.#sortedCells();
  }

  /** As it stands in views. Equal contents give equal messages. */
  toProto(): DistributionView {
    return create(DistributionSchema, {
      slots: encodeSlotPairs(this.slotCounts()),
      exact: this.#exact.size === 0 ? new Uint8Array(0) : encodeHdrV2(this.#exact),
      count: BigInt(this.#count),
      sumUs: this.sumUs,
      maxUs: this.maxUs,
    });
  }

  /**
   * Reads it back.
   * @throws {WireFormatError} when its bytes are malformed.
   */
  static fromProto(view: DistributionView): Distribution {
    const pairs = decodeSlotPairs(view.slots);
    const exact = view.exact.length === 0 ? new Map<number, number>() : decodeHdrV2(view.exact);
    const distribution = new Distribution();
    distribution.recordPairs(pairs, Math.round(view.sumUs * NS_PER_US));
    for (const [index, count] of exact) {
      distribution.#exact.set(index, count);
      distribution.#count += count;
    }
    if (exact.size > 0) {
      const greatest = exactUpperUs(Math.max(...exact.keys()));
      distribution.#exactMaxUs = Math.min(view.maxUs, greatest);
    }
    return distribution;
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    for (const counts of [this.#slots, this.#exact]) {
      into.list(counts, ([key, count]) => {
        into.count(key);
        into.number(count);
      });
    }
    into.numbers([this.#count, this.#sumNs, this.#exactMaxUs]);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    for (const counts of [this.#slots, this.#exact]) {
      from.list(() => counts.set(from.count(), from.number()));
    }
    [this.#count, this.#sumNs, this.#exactMaxUs] = from.numbers() as [number, number, number];
    this.#cells = null;
  }

  #sortedCells(): readonly DistributionCell[] {
    this.#cells ??= [
      ...[...this.#slots].map(([slot, count]) => ({ lower: slotLowerUs(slot), upper: slotUpperUs(slot), count })),
      ...[...this.#exact].map(([index, count]) => ({ lower: exactLowerUs(index), upper: exactUpperUs(index), count })),
    ].sort((a, b) => a.lower - b.lower);
    return this.#cells;
  }
}

function increase(counts: Map<number, number>, key: number, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function decrease(counts: Map<number, number>, key: number, by: number): void {
  const left = (counts.get(key) ?? 0) - by;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

function cellAt(
  cells: readonly DistributionCell[],
  rank: number,
): { readonly cell: DistributionCell; readonly rankInside: number } {
  let before = 0;
  for (const cell of cells) {
    if (before + cell.count >= rank) return { cell, rankInside: rank - before };
    before += cell.count;
  }
  throw new Error("invariant broken: a rank lies within the count");
}

function interpolate(at: { readonly cell: DistributionCell; readonly rankInside: number }): number {
  const { lower, upper, count } = at.cell;
  return Number.isFinite(upper) ? lower + ((upper - lower) * (at.rankInside - 0.5)) / count : lower;
}
