import assert from "node:assert/strict";
import { test } from "node:test";
import { balanceBetween, coverageOf, EMPTY_BALANCE, isBalanced, sumBalances } from "./balance.ts";

test("the balance of an interval takes in what was held when it began", () => {
  const before = { in: 30, folded: 20, dropped: 2, lost: 1, held: 7 };
  const after = { in: 50, folded: 44, dropped: 2, lost: 3, held: 1 };
  const between = balanceBetween(before, after);
  assert.deepEqual(between, { in: 27, folded: 24, dropped: 0, lost: 2, held: 1 });
  assert.ok(isBalanced(between));
});

test("coverage is the share that is neither lost nor held, and whole when nothing happened", () => {
  const one = { in: 100, folded: 80, dropped: 10, lost: 6, held: 4 };
  assert.equal(coverageOf([one]), 0.9);
  assert.equal(coverageOf([one, { in: 100, folded: 100, dropped: 0, lost: 0, held: 0 }]), 0.95);
  assert.equal(coverageOf([EMPTY_BALANCE]), 1);
  assert.equal(sumBalances([one, one]).folded, 160);
});
