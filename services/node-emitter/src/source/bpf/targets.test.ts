import assert from "node:assert/strict";
import { test } from "node:test";
import { ObservationReason } from "@farmscope/proto";
import { TARGET_FRAMES } from "./frame-windows.ts";
import { Targets } from "./targets.ts";

const { COMPACTION, PER_CPU_AUDIT } = ObservationReason;
const at = (window: number) => ({ first: window * TARGET_FRAMES + 5, end: window * TARGET_FRAMES + 6 });

test("findings are gathered for a while, and one window is read once however many fall into it", () => {
  const targets = new Targets();
  targets.add(COMPACTION, at(3), 1000);
  targets.add(COMPACTION, at(3), 1050);
  targets.add(COMPACTION, { first: 4 * TARGET_FRAMES - 1, end: 5 * TARGET_FRAMES }, 1050);
  assert.equal(targets.take(1099), null);
  const taken = targets.take(1100);
  assert.equal(taken?.reason, COMPACTION);
  assert.deepEqual(
    taken?.ranges.map(({ first, end }) => [first / TARGET_FRAMES, end / TARGET_FRAMES]),
    [
      [3, 4],
      [4, 5],
    ],
  );
  assert.equal(targets.take(5000), null);
});

test("one reason is read at most every half second, others meanwhile", () => {
  const targets = new Targets();
  targets.add(COMPACTION, at(1), 0);
  assert.notEqual(targets.take(100), null);
  targets.add(COMPACTION, at(2), 150);
  targets.add(PER_CPU_AUDIT, at(7), 150);
  assert.equal(targets.take(599)?.reason, PER_CPU_AUDIT);
  assert.equal(targets.take(599), null);
  assert.equal(targets.take(600)?.reason, COMPACTION);
});

test("a full observation answers everything", () => {
  const targets = new Targets();
  targets.add(COMPACTION, at(1), 0);
  targets.clear();
  assert.equal(targets.take(10_000), null);
});
