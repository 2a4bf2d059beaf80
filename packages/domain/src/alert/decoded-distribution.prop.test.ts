import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Distribution } from "../distribution/distribution.ts";
import { encodeSlotPairs } from "../distribution/slot-pairs.ts";
import { SLOTS } from "../distribution/slots.ts";
import { decodeDistribution, mergeDistributions } from "./decoded-distribution.ts";

const seed = Number(process.env["FARMSCOPE_TEST_SEED"] ?? 20_261_125);

const anyPart = fc.record({
  slots: fc.array(fc.record({ slot: fc.nat(SLOTS - 1), count: fc.integer({ min: 1, max: 1000 }) }), { maxLength: 12 }),
  exact: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 10 }) },
  ),
});

function distributionOf({ slots, exact }: { slots: { slot: number; count: number }[]; exact: number[] }): Distribution {
  const counts = new Array<number>(SLOTS).fill(0);
  for (const { slot, count } of slots) counts[slot]! += count;
  const distribution = new Distribution();
  distribution.recordSlots(encodeSlotPairs(counts), 0);
  for (const valueUs of exact) distribution.recordExactUs(valueUs);
  return distribution;
}

test("Distributions merged for rules answer as Distribution itself does", () => {
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 6 }), fc.double({ min: 0, max: 1, noNaN: true }), (parts, q) => {
      const distributions = parts.map(distributionOf);
      const reference = new Distribution();
      for (const one of distributions) reference.add(one);
      const merged = mergeDistributions(distributions.map((one) => decodeDistribution(one.toProto())!));
      assert.equal(merged.count, reference.count);
      assert.deepEqual(merged.quantile(q), reference.quantile(q));
    }),
    { seed, numRuns: 500 },
  );
});

test("The values below a bound are counted with those that may lie on either side of it", () => {
  fc.assert(
    fc.property(anyPart, fc.integer({ min: 0, max: 200_000 }), (part, boundUs) => {
      const cells = distributionOf(part).cells();
      const sum = (of: (cell: (typeof cells)[number]) => boolean) =>
        cells.filter(of).reduce((total, { count }) => total + count, 0);
      const merged = mergeDistributions([decodeDistribution(distributionOf(part).toProto())!]);
      assert.deepEqual(merged.countBelowUs(boundUs), {
        least: sum(({ upper }) => upper <= boundUs),
        most: sum(({ lower }) => lower < boundUs),
      });
    }),
    { seed, numRuns: 500 },
  );
});
