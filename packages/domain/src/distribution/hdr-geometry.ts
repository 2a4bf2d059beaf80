import { Float64Histogram } from "hdr-histogram-js";

/** Greatest value that is told apart, in microseconds: one hour. Greater ones count as this. */
export const EXACT_US_MAX = 3_600_000_000;
/** Significant decimal digits that are kept of a value. */
export const SIGNIFICANT_DIGITS = 3;

/**
 * Where HdrHistogram puts a value: one shared, empty histogram answers for all distributions, because only its bounds
 * are asked for, never its counts.
 */
const geometry = new Float64Histogram(1, EXACT_US_MAX, SIGNIFICANT_DIGITS);

/** Number of HdrHistogram's counter for a value in whole microseconds. */
export function exactIndexOf(valueUs: number): number {
  return geometry.countsArrayIndex(Math.min(EXACT_US_MAX, Math.max(0, Math.floor(valueUs))));
}

/** Least value of a counter, in microseconds, inclusive. */
export function exactLowerUs(index: number): number {
  return geometry.valueFromIndex(index);
}

/** Bound above the values of a counter, in microseconds, exclusive. */
export function exactUpperUs(index: number): number {
  return geometry.nextNonEquivalentValue(geometry.valueFromIndex(index));
}

/** Counters that HdrHistogram has for these bounds. */
export const EXACT_COUNTERS = geometry.countsArrayLength;
