/**
 * The log-linear slots in which the kernel counts latencies: 8 sub-buckets an octave, lower bound inclusive.
 * bpf/include/wire.h computes the same numbers; a test holds the two together.
 *
 *   value (us, truncated)   slot
 *   0 .. 7                  value                                   width 1
 *   2^e .. 2^(e+1) - 1      8 + 8 (e - 3) + ((v >> (e - 3)) & 7)    width 2^(e-3), e = 3 .. 26
 *   the last slot, 199, is open above
 */
export const SLOTS = 200;

/** Slot of a value in whole microseconds. */
export function slotOf(valueUs: number): number {
  if (valueUs < 8) return valueUs < 0 ? 0 : Math.trunc(valueUs);
  const octave = Math.floor(Math.log2(valueUs));
  const sub = Math.floor(valueUs / 2 ** (octave - 3)) & 7;
  return Math.min(SLOTS - 1, 8 * (octave - 2) + sub);
}

/** Lower bound of a slot in microseconds, inclusive. */
export function slotLowerUs(slot: number): number {
  if (slot < 8) return slot;
  const octave = Math.floor(slot / 8) + 2;
  return (8 + (slot % 8)) * 2 ** (octave - 3);
}

/** Upper bound of a slot in microseconds, exclusive; Infinity for the last. */
export function slotUpperUs(slot: number): number {
  return slot >= SLOTS - 1 ? Number.POSITIVE_INFINITY : slotLowerUs(slot + 1);
}
