import type { Distribution } from "@farmscope/domain";
import type { Exemplar, Labels, Sample } from "./exposition.ts";

const US_PER_S = 1_000_000;
/** Bounds of the buckets in microseconds: 1, 2, 4 … 2^26 (67 s), where octaves of the kernel's slots begin. */
const BOUNDS_US = Array.from({ length: 27 }, (_, octave) => 2 ** octave);

/**
 * A distribution as the samples of a histogram in seconds. Bounds lie on the kernel's slots, so no count is guessed; but
 * a slot is [a, b) of truncated microseconds, so a value of exactly b us is counted in the bucket above le=b.
 */
export function histogramSamples(
  distribution: Distribution,
  labels: Labels,
  exemplars: readonly Exemplar[] = [],
): Sample[] {
  const buckets = BOUNDS_US.map((boundUs) => ({ boundUs, count: 0 }));
  for (const cell of distribution.cells()) {
    const bucket = buckets.find(({ boundUs }) => cell.upper <= boundUs);
    if (bucket !== undefined) bucket.count += cell.count;
  }
  let below = 0;
  const samples = buckets.map(({ boundUs, count }, index): Sample => {
    below += count;
    const bucket = { suffix: "_bucket", labels: { ...labels, le: String(boundUs / US_PER_S) }, value: below };
    const lowerUs = BOUNDS_US[index - 1] ?? 0;
    // A bucket that counts nothing has nothing to show an example of.
    const exemplar = count === 0 ? undefined : newestWithin(exemplars, lowerUs / US_PER_S, boundUs / US_PER_S);
    return exemplar === undefined ? bucket : { ...bucket, exemplar };
  });
  return [
    ...samples,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: distribution.count },
    { suffix: "_sum", labels, value: distribution.sumUs / US_PER_S },
    { suffix: "_count", labels, value: distribution.count },
  ];
}

/** The newest exemplar of a bucket, lower bound exclusive, or undefined. */
function newestWithin(exemplars: readonly Exemplar[], lowerS: number, upperS: number): Exemplar | undefined {
  return exemplars
    .filter(({ value }) => value > lowerS && value <= upperS)
    .reduce<Exemplar | undefined>(
      (newest, next) => (newest === undefined || next.atS > newest.atS ? next : newest),
      undefined,
    );
}
