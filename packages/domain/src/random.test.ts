import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "./random.ts";

function draw(random: Random, count = 8): number[] {
  return Array.from({ length: count }, () => random.nextUint32());
}

test("the same seed gives the same numbers, another seed others", () => {
  assert.deepEqual(draw(new Random(42)), draw(new Random(42)));
  assert.notDeepEqual(draw(new Random(42)), draw(new Random(43)));
});

test("the numbers of a seed never change", () => {
  assert.deepEqual(draw(new Random(1), 3), [1512876335, 3038994811, 2478360661]);
});

test("a fork depends on seed and label only, not on what was drawn", () => {
  const parent = new Random(7);
  const before = draw(parent.fork("pages"));
  draw(parent, 100);
  assert.deepEqual(draw(parent.fork("pages")), before);
  assert.notDeepEqual(draw(parent.fork("tasks")), before);
  assert.notDeepEqual(draw(new Random(7)), before);
});

test("integers lie below their bound and come about equally often", () => {
  const random = new Random(3);
  const counts = new Array(6).fill(0);
  for (let index = 0; index < 60_000; index++) counts[random.nextInt(6)]++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
});

test("floats lie in [0, 1) and have the mean and variance of a uniform distribution", () => {
  const random = new Random(5);
  const values = Array.from({ length: 100_000 }, () => random.nextFloat());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assert.ok(values.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(mean - 1 / 2) < 0.005, `${mean}`);
  assert.ok(Math.abs(variance - 1 / 12) < 0.002, `${variance}`);
});
