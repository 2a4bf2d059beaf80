import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf, pcpOrderMask } from "./machine.ts";

test("the per-CPU lists keep order 0 before 5.13, then orders 0 to 3 and that of a huge page", () => {
  assert.equal(pcpOrderMask("5.10.0-30-amd64", 9), 0b1);
  assert.equal(pcpOrderMask("5.13.0", 9), 0b10_0000_1111);
  assert.equal(pcpOrderMask("6.18.44", 9), 0b10_0000_1111);
  assert.equal(pcpOrderMask("6.1.0", null), 0b1111);
  assert.equal(pcpOrderMask("4.19.0", 9), 0b1);
});

test("ranges of memory are told by first frame and count", () => {
  const machine = { id: "a", boot: "b", pageBytes: 4096, hugeOrder: 9, pcpOrderMask: 527 };
  const facts = factsOf({ machine, zones: [], ram: [{ first: 256, end: 1000 }], maxOrder: 10, absent: ["x: y"] });
  assert.deepEqual(
    facts.ram.map(({ first, count }) => [first, count]),
    [[256, 744]],
  );
  assert.deepEqual([facts.source, facts.maxOrder, facts.absent], ["bpf", 10, ["x: y"]]);
});
