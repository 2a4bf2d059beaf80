import { SLOTS, slotLowerUs } from "./slots.ts";

/** Slots of the power-of-two scheme: slot 0 is [0, 1) us, slot k is [2^(k-1), 2^k) us, slot 15 is open above. */
export const OCTAVE_SLOTS = 16;
/** Slots of the ten-microsecond scheme: slot 0 is [0, 10) us, slot i is [10 x 2^(i-1), 10 x 2^i) us, slot 20 is open above. */
export const DECADE_SLOTS = 21;

/** Lower bounds of the power-of-two scheme in microseconds. */
export const OCTAVE_LOWER_US: readonly number[] = lowerBounds(OCTAVE_SLOTS, 1);
/** Lower bounds of the ten-microsecond scheme in microseconds. */
export const DECADE_LOWER_US: readonly number[] = lowerBounds(DECADE_SLOTS, 10);

/**
 * The kernel's slots summed into the power-of-two scheme. Exact: every bound of that scheme is a bound of ours.
 * @param counts one count for each of the 200 slots.
 */
export function octaveSlots(counts: ArrayLike<number>): Float64Array {
  return summed(counts, OCTAVE_LOWER_US);
}

/** The kernel's slots summed into the ten-microsecond scheme; exact, because 10 x 2^i is the bound of a sub-bucket. */
export function decadeSlots(counts: ArrayLike<number>): Float64Array {
  return summed(counts, DECADE_LOWER_US);
}

function lowerBounds(slots: number, firstUs: number): number[] {
  return Array.from({ length: slots }, (_, slot) => (slot === 0 ? 0 : firstUs * 2 ** (slot - 1)));
}

function summed(counts: ArrayLike<number>, lowerUs: readonly number[]): Float64Array {
  const sums = new Float64Array(lowerUs.length);
  let coarse = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    while (coarse + 1 < lowerUs.length && slotLowerUs(slot) >= lowerUs[coarse + 1]!) coarse++;
    sums[coarse] = sums[coarse]! + (counts[slot] ?? 0);
  }
  return sums;
}
