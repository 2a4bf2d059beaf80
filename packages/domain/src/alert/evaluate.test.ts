import assert from "node:assert/strict";
import { test } from "node:test";
import { create, FarmNodeSchema, OrderMemorySchema, Signal, SignalDistributionSchema } from "@farmscope/proto";
import { Distribution } from "../distribution/distribution.ts";
import { encodeSlotPairs } from "../distribution/slot-pairs.ts";
import { SLOTS, slotOf } from "../distribution/slots.ts";
import { evaluateRule, isDue } from "./evaluate.ts";
import { ruleFixture, windowFixture } from "./fixtures.ts";

const orders = [8, 9].map((order) => create(OrderMemorySchema, { order, unusableIndex: order / 10 }));
const quantileRule = ruleFixture({
  name: "RunQueueTail",
  signal: "runq_delay",
  measure: { kind: "quantile", quantile: 0.99 },
  windowMs: 60_000,
});

/** A run-queue distribution with so many delays at each value in microseconds. */
function delays(counts: Record<number, number>) {
  const slots = new Array<number>(SLOTS).fill(0);
  for (const [us, count] of Object.entries(counts)) slots[slotOf(Number(us))] = count;
  const distribution = new Distribution();
  distribution.recordSlots(encodeSlotPairs(slots), 0);
  return create(SignalDistributionSchema, { signal: Signal.RUNQ_DELAY, distribution: distribution.toProto() });
}

test("The index is read at the huge-page order, or at the order that the rule names", () => {
  const window = windowFixture(0, { orders });
  const read = (order: "huge" | number) =>
    evaluateRule(ruleFixture({ measure: { kind: "value", order } }), [window])[0]!.reading;
  assert.deepEqual(read("huge"), { kind: "value", value: 0.9, lower: 0.9, upper: 0.9, coverage: 1 });
  assert.equal(read(8).kind === "value" && read(8).coverage, 1);
  assert.deepEqual(read(3), { kind: "insufficient", reason: "OrderUnknown", coverage: 1 });
});

test("What was not seen widens the bounds of a ratio, and too little coverage gives no value at all", () => {
  const read = (coverage: number) => evaluateRule(ruleFixture(), [windowFixture(0, { orders, coverage })])[0]!.reading;
  assert.deepEqual(read(0.75), { kind: "value", value: 0.9, lower: 0.675, upper: 0.925, coverage: 0.75 });
  assert.deepEqual(read(0.49), { kind: "insufficient", reason: "CoverageTooLow", coverage: 0.49 });
});

test("By node there is one sample for each node, and none is trusted of a node that is offline", () => {
  const node = (name: string, online: boolean) =>
    create(FarmNodeSchema, { node: name, online, unusableIndexHuge: 0.7, managedPages: 10n, coverage: 1 });
  const window = windowFixture(0, { nodes: [node("a", true), node("b{}", false)] });
  const samples = evaluateRule(ruleFixture({ by: "node" }), [window]);
  assert.deepEqual(
    samples.map((sample) => [sample.alertKey, sample.reading.kind === "value" ? sample.reading.value : "offline"]),
    [
      ["FarmFragmented{farm=default,node=a}", 0.7],
      ["FarmFragmented{farm=default,node=b%7B%7D}", "offline"],
    ],
  );
});

test("A quantile is taken of all the windows of its span merged, with the bounds of its slot", () => {
  const calm = [0, 1, 2, 3, 4].map((at) => windowFixture(at, { distributions: [delays({ 4: 100 })] }));
  const storm = windowFixture(5, { distributions: [delays({ 4: 80, 5000: 20 })] });
  const [sample] = evaluateRule(quantileRule, [...calm, storm]);
  assert.ok(sample!.reading.kind === "value");
  // 20 of 600 are slow: the 99th percentile is among them. 5,000 us lies in the slot [4608, 5120) us.
  assert.equal(sample!.reading.lower, 4608);
  assert.equal(sample!.reading.upper, 5120);
  const [mean] = evaluateRule({ ...quantileRule, measure: { kind: "quantile", quantile: 0.9 } }, [...calm, storm]);
  assert.ok(mean!.reading.kind === "value" && mean!.reading.upper === 5);
});

test("A loss larger than the tail leaves a quantile without an upper bound", () => {
  const window = windowFixture(0, { coverage: 0.9, distributions: [delays({ 4: 100 })] });
  const [sample] = evaluateRule({ ...quantileRule, windowMs: 10_000 }, [window]);
  assert.ok(sample!.reading.kind === "value");
  assert.equal(sample!.reading.upper, Number.POSITIVE_INFINITY);
  assert.equal(sample!.reading.lower, 4);
});

test("Windows missing from the span lower the coverage of a quantile", () => {
  const windows = [0, 1, 2].map((at) => windowFixture(at, { distributions: [delays({ 4: 100 })] }));
  assert.equal(evaluateRule(quantileRule, windows)[0]!.reading.coverage, 0.5);
  assert.deepEqual(evaluateRule(quantileRule, windows.slice(0, 2))[0]!.reading, {
    kind: "insufficient",
    reason: "CoverageTooLow",
    coverage: 2 / 6,
  });
});

test("Without a single delay, or with a distribution that is malformed, there is no quantile", () => {
  const broken = create(SignalDistributionSchema, {
    signal: Signal.RUNQ_DELAY,
    distribution: { slots: new Uint8Array([255]) },
  });
  const reasonOf = (distributions: (typeof broken)[]) => {
    const [sample] = evaluateRule({ ...quantileRule, windowMs: 10_000 }, [windowFixture(0, { distributions })]);
    return sample!.reading.kind === "insufficient" && sample!.reading.reason;
  };
  assert.equal(reasonOf([]), "NoData");
  assert.equal(reasonOf([broken]), "DataMalformed");
});

test("A rule with a longer interval is due only at windows that end on it", () => {
  const due = [0, 1, 2, 3, 4, 5].filter((at) => isDue(ruleFixture({ intervalMs: 30_000 }), windowFixture(at)));
  assert.deepEqual(due, [2, 5]);
});
