import assert from "node:assert/strict";
import { test } from "node:test";
import { create, DistributionSchema, fromBinary, toBinary } from "@farmscope/proto";
import fc from "fast-check";
import { Distribution } from "./distribution.ts";
import { encodeSlotPairs } from "./slot-pairs.ts";
import { SLOTS, slotLowerUs, slotOf } from "./slots.ts";

/** From here on the kernel's last slot is open. */
const OPEN_FROM_US = slotLowerUs(SLOTS - 1);
const delayUs = fc.oneof(fc.nat(20), fc.nat(5_000), fc.nat(OPEN_FROM_US - 1));
const pauseUs = fc.oneof(fc.nat(3_000), fc.nat(5_000_000));

function slotsOf(valuesUs: readonly number[]): Uint8Array {
  const counts = new Float64Array(SLOTS);
  for (const value of valuesUs) counts[slotOf(value)] = counts[slotOf(value)]! + 1;
  return encodeSlotPairs(counts);
}

function distributionOf(kernelUs: readonly number[], exactUs: readonly number[]): Distribution {
  const distribution = new Distribution();
  const sumNs = kernelUs.reduce((sum, value) => sum + value * 1000, 0);
  if (kernelUs.length > 0) distribution.recordSlots(slotsOf(kernelUs), sumNs);
  for (const value of exactUs) distribution.recordExactUs(value);
  return distribution;
}

function bytesOf(distribution: Distribution): string {
  return Buffer.from(toBinary(DistributionSchema, distribution.toProto())).toString("hex");
}

test("every quantile's bounds hold the value that a sort gives", () => {
  fc.assert(
    fc.property(
      fc.array(delayUs),
      fc.array(pauseUs),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (kernel, exact, q) => {
        const sorted = [...kernel, ...exact].sort((a, b) => a - b);
        const quantile = distributionOf(kernel, exact).quantile(q);
        if (sorted.length === 0) return assert.equal(quantile, null);
        const truth = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
        assert.ok(quantile!.lower <= truth && truth < quantile!.upper, `${truth} in ${JSON.stringify(quantile)}`);
        assert.ok(quantile!.lower <= quantile!.value && quantile!.value <= quantile!.upper);
      },
    ),
  );
});

test("bounds are never wider than an eighth of the value, or one microsecond", () => {
  fc.assert(
    fc.property(fc.array(delayUs, { minLength: 1 }), (kernel) => {
      const { lower, upper } = distributionOf(kernel, []).quantile(0.99)!;
      assert.ok(upper - lower <= Math.max(1, lower / 8));
    }),
  );
});

test("merging gives the bytes of recording everything in one place, in either order", () => {
  fc.assert(
    fc.property(fc.array(delayUs), fc.array(pauseUs), fc.array(delayUs), fc.array(pauseUs), (k1, e1, k2, e2) => {
      const forth = distributionOf(k1, e1);
      forth.add(distributionOf(k2, e2));
      const back = distributionOf(k2, e2);
      back.add(distributionOf(k1, e1));
      const whole = bytesOf(distributionOf([...k1, ...k2], [...e1, ...e2]));
      assert.equal(bytesOf(forth), whole);
      assert.equal(bytesOf(back), whole);
    }),
  );
});

test("a distribution read back from its bytes has the same bytes", () => {
  fc.assert(
    fc.property(fc.array(delayUs), fc.array(pauseUs), (kernel, exact) => {
      for (const one of [distributionOf(kernel, []), distributionOf([], exact)]) {
        const view = fromBinary(DistributionSchema, toBinary(DistributionSchema, one.toProto()));
        assert.equal(bytesOf(Distribution.fromProto(view)), bytesOf(one));
      }
    }),
  );
});

test("count, sum and maximum agree with the values", () => {
  fc.assert(
    fc.property(fc.array(delayUs), fc.array(pauseUs, { minLength: 1 }), (kernel, exact) => {
      const distribution = distributionOf(kernel, exact);
      const all = [...kernel, ...exact];
      assert.equal(distribution.count, all.length);
      assert.equal(
        distribution.sumUs,
        all.reduce((sum, value) => sum + value, 0),
      );
      assert.ok(distribution.maxUs >= Math.max(...all));
      assert.equal(distributionOf([], exact).maxUs, Math.max(...exact));
    }),
  );
});

test("bytes that are no histogram are refused, and nothing is added", () => {
  const distribution = new Distribution();
  for (const bad of [[1], [200, 1, 1], [0x80], [3, 1, 0, 1], [1, 255, 255, 255, 255, 255, 255, 255, 255, 1]]) {
    assert.throws(() => distribution.recordSlots(Uint8Array.from(bad), 5), { name: "WireFormatError" });
  }
  assert.equal(distribution.count, 0);
  assert.equal(distribution.sumUs, 0);
  const view = create(DistributionSchema, { exact: Uint8Array.from([1, 2, 3]) });
  assert.throws(() => Distribution.fromProto(view), { name: "WireFormatError" });
});

test("a quantile in the open slot says that it has no upper bound", () => {
  const quantile = distributionOf([3, OPEN_FROM_US * 2], []).quantile(1)!;
  assert.deepEqual(quantile, { value: OPEN_FROM_US, lower: OPEN_FROM_US, upper: Number.POSITIVE_INFINITY });
});
