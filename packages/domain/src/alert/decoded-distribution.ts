/** Distributions as rules read them: many small ones, merged anew at each evaluation. */
import type { Distribution as DistributionView } from "@farmscope/proto";
import { Distribution, type Quantile } from "../distribution/distribution.ts";
import { decodeSlotPairs, type SlotPairs } from "../distribution/slot-pairs.ts";
import { SLOTS, slotLowerUs, slotUpperUs } from "../distribution/slots.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";

/** Slots alone, which are quick to merge, or a whole distribution where exact values were counted too. */
export type DecodedDistribution =
  | { readonly kind: "slots"; readonly pairs: SlotPairs }
  | { readonly kind: "whole"; readonly distribution: Distribution };

const EMPTY: DecodedDistribution = { kind: "slots", pairs: { slots: [], counts: [] } };

/** @returns null when it is malformed; an empty one for none. */
export function decodeDistribution(view: DistributionView | undefined): DecodedDistribution | null {
  if (view === undefined) return EMPTY;
  try {
    if (view.exact.length === 0) return { kind: "slots", pairs: decodeSlotPairs(view.slots) };
    return { kind: "whole", distribution: Distribution.fromProto(view) };
  } catch (error) {
    if (error instanceof WireFormatError) return null;
    throw error;
  }
}

/** What a merged distribution can be asked. */
export interface MergedDistribution {
  readonly count: number;
  /** As {@link Distribution.quantile}. */
  quantile(q: number): Quantile | null;
  /** Values below a bound, at least and at most: those of the cell that the bound lies in may be on either side. */
  countBelowUs(boundUs: number): { readonly least: number; readonly most: number };
}

/** Merges distributions. Costs one step for each slot in use, as long as none of them has exact values. */
export function mergeDistributions(parts: readonly DecodedDistribution[]): MergedDistribution {
  if (parts.every((part) => part.kind === "slots")) return new MergedSlots(parts.map((part) => part.pairs));
  const merged = new Distribution();
  for (const part of parts) {
    if (part.kind === "whole") merged.add(part.distribution);
    else merged.recordPairs(part.pairs, 0);
  }
  return {
    count: merged.count,
    quantile: (q) => merged.quantile(q),
    countBelowUs: (boundUs) => countBelow(merged.cells(), boundUs),
  };
}

function countBelow(cells: ReturnType<Distribution["cells"]>, boundUs: number) {
  let least = 0;
  let most = 0;
  for (const { lower, upper, count } of cells) {
    if (upper <= boundUs) least += count;
    if (lower < boundUs) most += count;
  }
  return { least, most };
}

/** Counts of slots, merged; answers as Distribution does, which a property holds it to. */
class MergedSlots implements MergedDistribution {
  readonly count: number;
  readonly #counts: Float64Array;
  readonly #top: number;

  constructor(parts: readonly SlotPairs[]) {
    this.#counts = new Float64Array(SLOTS);
    let count = 0;
    let top = -1;
    for (const { slots, counts } of parts) {
      for (let at = 0; at < slots.length; at++) {
        this.#counts[slots[at]!]! += counts[at]!;
        count += counts[at]!;
      }
      top = Math.max(top, slots.at(-1) ?? -1);
    }
    this.count = count;
    this.#top = top;
  }

  quantile(q: number): Quantile | null {
    if (this.count === 0) return null;
    const rank = Math.min(this.count, Math.max(1, Math.ceil(q * this.count)));
    let before = 0;
    let slot = 0;
    while (slot < this.#top && before + this.#counts[slot]! < rank) before += this.#counts[slot++]!;
    const lower = slotLowerUs(slot);
    const upper = slotUpperUs(slot);
    const rankInside = rank - before;
    const value = Number.isFinite(upper) ? lower + ((upper - lower) * (rankInside - 0.5)) / this.#counts[slot]! : lower;
    return { value: Math.min(value, upper), lower, upper };
  }

  countBelowUs(boundUs: number): { readonly least: number; readonly most: number } {
    let least = 0;
    let most = 0;
    for (let slot = 0; slot <= this.#top; slot++) {
      if (slotUpperUs(slot) <= boundUs) least += this.#counts[slot]!;
      if (slotLowerUs(slot) < boundUs) most += this.#counts[slot]!;
    }
    return { least, most };
  }
}
