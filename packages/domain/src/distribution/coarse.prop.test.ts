import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DECADE_LOWER_US, DECADE_SLOTS, decadeSlots, OCTAVE_LOWER_US, OCTAVE_SLOTS, octaveSlots } from "./coarse.ts";
import { SLOTS, slotLowerUs, slotOf } from "./slots.ts";

const valuesUs = fc.array(fc.oneof(fc.nat(50), fc.nat(2 ** 16), fc.nat(2 ** 28)));

function fine(values: readonly number[]): Float64Array {
  const counts = new Float64Array(SLOTS);
  for (const value of values) counts[slotOf(value)] = counts[slotOf(value)]! + 1;
  return counts;
}

function naive(values: readonly number[], lowerUs: readonly number[]): Float64Array {
  const counts = new Float64Array(lowerUs.length);
  for (const value of values) {
    const slot = lowerUs.findLastIndex((lower) => value >= lower);
    counts[slot] = counts[slot]! + 1;
  }
  return counts;
}

test("the power-of-two scheme is an exact sum of the kernel's slots", () => {
  fc.assert(
    fc.property(valuesUs, (values) => assert.deepEqual(octaveSlots(fine(values)), naive(values, OCTAVE_LOWER_US))),
  );
});

test("the ten-microsecond scheme is an exact sum of the kernel's slots", () => {
  fc.assert(
    fc.property(valuesUs, (values) => assert.deepEqual(decadeSlots(fine(values)), naive(values, DECADE_LOWER_US))),
  );
});

test("every bound of the coarse schemes is the bound of a kernel slot", () => {
  const bounds = new Set(Array.from({ length: SLOTS }, (_, slot) => slotLowerUs(slot)));
  assert.equal(OCTAVE_LOWER_US.length, OCTAVE_SLOTS);
  assert.equal(DECADE_LOWER_US.length, DECADE_SLOTS);
  for (const bound of [...OCTAVE_LOWER_US, ...DECADE_LOWER_US]) assert.ok(bounds.has(bound), `${bound}`);
});
