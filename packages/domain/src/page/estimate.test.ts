import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { isKeptBlock } from "./block-sample.ts";
import { BlockSums, estimateTotal, type Interval } from "./estimate.ts";

/** Blocks of two zones: a small one, and one in which most blocks have little and some much, as owners' do. */
const SMALL_BLOCKS = 4;
const BLOCKS = 4_000;
const SALTS = 400;

function population(): Float64Array {
  const random = new Random(20_240_229);
  return Float64Array.from({ length: BLOCKS }, () => (random.nextInt(3) === 0 ? 0 : random.nextFloat() ** 2 * 1024));
}

function estimateOf(values: Float64Array, keepOneIn: number, salt: number): Interval {
  const strata = [
    [0, SMALL_BLOCKS],
    [SMALL_BLOCKS, BLOCKS],
  ].map(([first, end]) => {
    const kept = Array.from({ length: end - first }, (_, at) => first + at).filter((block) =>
      isKeptBlock(block, { keepOneIn, salt }),
    );
    const sums = new BlockSums(end - first, kept.length);
    for (const block of kept) sums.add(values[block]);
    return sums;
  });
  return estimateTotal(strata);
}

test("a sample of one block in one is exact", () => {
  const values = population();
  const truth = values.reduce((sum, value) => sum + value, 0);
  const { value, lower, upper } = estimateOf(values, 1, 7);
  for (const number of [value, lower, upper]) assert.ok(Math.abs(number - truth) < 1e-6 * truth);
});

test("95 % intervals contain the truth in 91 to 99 % of 400 samples, and are of use, though one zone is tiny", () => {
  const values = population();
  const truth = values.reduce((sum, value) => sum + value, 0);
  const random = new Random(1);
  for (const [keepOneIn, widthMax] of [
    [2, 0.15],
    [8, 0.35],
    [32, 0.9],
  ] as const) {
    let covered = 0;
    for (let sample = 0; sample < SALTS; sample++) {
      const { lower, upper } = estimateOf(values, keepOneIn, random.nextUint32());
      if (lower <= truth && truth <= upper) covered++;
      assert.ok(upper - lower < widthMax * truth, `one in ${keepOneIn}: ${(upper - lower) / truth}`);
    }
    assert.ok(covered > 0.91 * SALTS && covered < 0.99 * SALTS, `one in ${keepOneIn}: ${covered} of ${SALTS}`);
  }
});

test("of a sample that keeps less than two blocks nothing is known but what was seen", () => {
  const sums = new BlockSums(100, 1);
  sums.add(5);
  const { value, lower, upper } = estimateTotal([sums]);
  assert.deepEqual([value, lower, upper], [Number.NaN, 0, Number.POSITIVE_INFINITY]);
});
