import type { Random } from "@farmscope/domain";

/** Exponentially distributed, greater than 0. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random.nextFloat()) * mean;
}

/** Log-normal: half of the values lie below `median`; `spread` is the standard deviation of their logarithm. */
export function logNormal(random: Random, median: number, spread: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * random.nextFloat()));
}

/** True with a probability of `chance`, 0..1. */
export function happens(random: Random, chance: number): boolean {
  return random.nextFloat() < chance;
}

/** Index of one of the weights, in proportion to them. */
export function pickWeighted(random: Random, weights: readonly number[]): number {
  let rest = random.nextFloat() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let index = 0; index < weights.length - 1; index++) {
    rest -= weights[index];
    if (rest < 0) return index;
  }
  return weights.length - 1;
}
