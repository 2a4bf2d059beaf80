import type { Distribution } from "@farmscope/domain";
import type { Labels, Sample } from "./exposition.ts";

const US_PER_S = 1_000_000;
/** Bounds of the buckets in microseconds: 1, 2, 4 … 2^26 (67 s), where octaves of the kernel's slots begin. */
const BOUNDS_US = Array.from({ length: 27 }, (_, octave) => 2 ** octave);

/**
 * A distribution as the samples of a histogram in seconds. Bounds lie on the kernel's slots, so no count is guessed; but
 * a slot is [a, b) of truncated microseconds, so a value of exactly b us is counted in the bucket above le=b.
 */
export function histogramSamples(distribution: Distribution, labels: Labels): Sample[] {
  const buckets = BOUNDS_US.map((boundUs) => ({ boundUs, count: 0 }));
  for (const cell of distribution.cells()) {
    const bucket = buckets.find(({ boundUs }) => cell.upper <= boundUs);
    if (bucket !== undefined) bucket.count += cell.count;
  }
  let below = 0;
  const samples = buckets.map(({ boundUs, count }): Sample => {
    below += count;
    return { suffix: "_bucket", labels: { ...labels, le: String(boundUs / US_PER_S) }, value: below };
  });
  return [
    ...samples,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: distribution.count },
    { suffix: "_sum", labels, value: distribution.sumUs / US_PER_S },
    { suffix: "_count", labels, value: distribution.count },
  ];
}
