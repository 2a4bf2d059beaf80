/** A 64-bit count as a number: exact below 2^53, which no count of ours reaches in 100 years. */
export const num = (value: bigint): number => Number(value);

/** A share that arithmetic may have pushed out of [0, 1] by a rounding error. */
export const share = (value: number): number => Math.min(1, Math.max(0, value));

/** part / whole, or null when there is no whole. */
export const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : share(part / whole));

/** The mean of shares; 1 for none, since nothing is missing of nothing. */
export function meanShare(shares: readonly number[]): number {
  if (shares.length === 0) return 1;
  return share(shares.reduce((sum, value) => sum + value, 0) / shares.length);
}
