/**
 * What a sample of blocks says of all of them, with 95 % confidence intervals. Blocks are kept or not by a salted hash, so
 * they are drawn without replacement from each zone, which is a stratum of its own: how many blocks it has is known.
 */

/** An estimate and the bounds of its 95 % confidence interval. A rate of 1 is exact: all three are equal. */
export interface Interval {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** What a quantity was in the kept blocks of a stratum. */
export interface StratumSums {
  /** Blocks of the stratum, kept or not. */
  readonly blocks: number;
  readonly kept: number;
  /** Sums over the kept blocks of the quantity, its square and its cube; blocks where it is 0 add nothing. */
  readonly sum: number;
  readonly squares: number;
  readonly cubes: number;
}

/** Collects a quantity block by block. */
export class BlockSums implements StratumSums {
  readonly blocks: number;
  readonly kept: number;
  sum = 0;
  squares = 0;
  cubes = 0;

  constructor(blocks: number, kept: number) {
    this.blocks = blocks;
    this.kept = kept;
  }

  /** Adds one block's share; each block once. */
  add(value: number): void {
    this.sum += value;
    this.squares += value * value;
    this.cubes += value ** 3;
  }
}

/** 97.5 % quantile of Student's distribution for up to 30 degrees of freedom; beyond, {@link studentQuantile}. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const NORMAL_QUANTILE = 1.959964;

/** Kept blocks that a stratum needs for a variance of its own; one with fewer is taken together with the others. */
const KEPT_MIN = 8;

/**
 * The total over all blocks of all strata.
 *
 * The estimate is each stratum's mean times its blocks. Its variance is the stratum's, with the finite population
 * correction. Quantities by owner are skewed: most blocks have none of it, some all. So the interval is Hall's, by the
 * monotone cubic transformation of the studentised mean, which corrects for skewness.
 * Sources: Cochran, "Sampling Techniques" (1977), 5.4 and 2.8; Hall, "On the removal of skewness by transformation"
 * (1992), Journal of the Royal Statistical Society B 54.
 */
export function estimateTotal(strata: readonly StratumSums[]): Interval {
  let value = 0;
  let variance = 0;
  let third = 0;
  let kept = 0;
  let least = 0;
  let isExact = true;
  const collapsed = collapse(strata);
  for (const stratum of collapsed) {
    if (stratum.kept === stratum.blocks) {
      value += stratum.sum;
      least += stratum.sum;
      continue;
    }
    if (stratum.kept < 2) return { value: Number.NaN, lower: 0, upper: Number.POSITIVE_INFINITY };
    isExact = false;
    const moments = momentsOf(stratum);
    value += stratum.blocks * moments.mean;
    variance += moments.variance;
    third += moments.third;
    kept += stratum.kept;
    least += stratum.sum;
  }
  const degreesLost = collapsed.filter((stratum) => stratum.kept < stratum.blocks).length;
  if (isExact || variance === 0) return { value, lower: value, upper: value };
  const error = Math.sqrt(variance);
  const [low, high] = hallInterval(third / (error * variance), studentQuantile(kept - degreesLost));
  return { value, lower: Math.max(least, value - high * error), upper: Math.max(value, value - low * error) };
}

/**
 * Strata with enough kept blocks stay; all others become one, which takes the smallest of those that stay when it still
 * has too few: a zone of four blocks says nothing alone. Source: Cochran, "Sampling Techniques" (1977), 5A.12.
 */
function collapse(strata: readonly StratumSums[]): readonly StratumSums[] {
  const isWhole = ({ kept, blocks }: StratumSums): boolean => kept === blocks || kept >= KEPT_MIN;
  const filled = strata.filter(({ blocks }) => blocks > 0);
  const small = filled.filter((stratum) => !isWhole(stratum));
  if (small.length === 0) return filled;
  const large = filled.filter(isWhole).sort((a, b) => a.kept - b.kept);
  while (large.length > 0 && small.reduce((sum, { kept }) => sum + kept, 0) < KEPT_MIN) small.push(large.shift()!);
  const total = (of: keyof StratumSums): number => small.reduce((sum, stratum) => sum + stratum[of], 0);
  const pooled = {
    blocks: total("blocks"),
    kept: total("kept"),
    sum: total("sum"),
    squares: total("squares"),
    cubes: total("cubes"),
  };
  return [...large, pooled];
}

/** Mean of the kept blocks, and variance and third central moment of the stratum's estimated total. */
function momentsOf({ blocks, kept, sum, squares, cubes }: StratumSums) {
  const mean = sum / kept;
  const central2 = squares / kept - mean ** 2;
  const central3 = cubes / kept - 3 * mean * (squares / kept) + 2 * mean ** 3;
  const sampleVariance = (central2 * kept) / (kept - 1);
  const left = 1 - kept / blocks;
  const variance = (blocks ** 2 * left * sampleVariance) / kept;
  // Third cumulant of a mean of draws without replacement: Cochran, as a fraction (1 - f)(1 - 2f) of the one with.
  const third = (blocks ** 3 * left * (1 - (2 * kept) / blocks) * central3) / kept ** 2;
  return { mean, variance, third };
}

/**
 * Bounds of the studentised mean (estimate - truth) / error.
 * @param skewness of the estimate.
 */
function hallInterval(skewness: number, quantile: number): [low: number, high: number] {
  const a = skewness / 3;
  const b = skewness / 6;
  if (Math.abs(a) < 1e-9) return [-quantile, quantile];
  // The inverse of t + a t^2 + a^2 t^3 / 3 + b.
  const inverse = (z: number): number => (Math.cbrt(1 + 3 * a * (z - b)) - 1) / a;
  return [inverse(-quantile), inverse(quantile)];
}

/** 97.5 % quantile; Cornish and Fisher's expansion beyond the table. */
export function studentQuantile(degrees: number): number {
  if (degrees < 1) return Number.POSITIVE_INFINITY;
  if (degrees <= STUDENT.length) return STUDENT[degrees - 1];
  const z = NORMAL_QUANTILE;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}
