import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BatchOrder, HELD_BATCHES_MAX, type OrderStep, REORDER_WAIT_MS } from "./batch-order.ts";

const T0 = 1_700_000_000_000;

function offer(order: BatchOrder<number>, seq: number, appendedAtMs = T0, start = 1, boot = "b"): OrderStep<number>[] {
  return order.offer({ boot, start, seq, appendedAtMs, sourcePosition: 0 }, seq);
}

function turns(steps: readonly OrderStep<number>[]): number[] {
  return steps.flatMap((step) => (step.kind === "turn" ? [step.item] : []));
}

function kinds(steps: readonly OrderStep<number>[]): string[] {
  return steps.map(({ kind }) => kind);
}

test("any arrival order, with any repetition, comes out once each and in order", () => {
  const arrivals = fc
    .uniqueArray(fc.nat(40), { minLength: 41, maxLength: 41 })
    .chain((all) => fc.tuple(fc.constant(all), fc.array(fc.constantFrom(...all))));
  fc.assert(
    fc.property(arrivals, ([all, repeated]) => {
      const order = new BatchOrder<number>();
      const steps = [...all, ...repeated].flatMap((seq) => offer(order, seq));
      assert.deepEqual(
        turns(steps),
        [...all].sort((a, b) => a - b),
      );
      assert.equal(steps.filter(({ kind }) => kind === "duplicate").length, repeated.length);
      assert.equal(steps.filter(({ kind }) => kind === "gap").length, 0);
      assert.equal(order.held, 0);
    }),
  );
});

test("whatever is missing, gaps and turns together cover every number once", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60), { minLength: 1 }), (arrived) => {
      const order = new BatchOrder<number>();
      const steps = arrived.flatMap((seq) => offer(order, seq));
      steps.push(...order.pass(T0 + REORDER_WAIT_MS));
      const missing = steps.flatMap((step) =>
        step.kind === "gap" ? Array.from({ length: step.count }, (_, at) => step.from + at) : [],
      );
      const covered = [...turns(steps), ...missing].sort((a, b) => a - b);
      assert.deepEqual(
        covered,
        Array.from({ length: Math.max(...arrived) + 1 }, (_, seq) => seq),
      );
    }),
  );
});

test("a missing batch is waited for until ten seconds after the first one held was appended", () => {
  const order = new BatchOrder<number>();
  offer(order, 0);
  assert.deepEqual(kinds(offer(order, 2, T0 + 1_000)), []);
  assert.deepEqual(kinds(offer(order, 3, T0 + 5_000)), []);
  assert.deepEqual(order.pass(T0 + 1_000 + REORDER_WAIT_MS - 1), []);
  assert.deepEqual(order.pass(T0 + 1_000 + REORDER_WAIT_MS), [
    { kind: "gap", from: 1, count: 1 },
    { kind: "turn", item: 2 },
    { kind: "turn", item: 3 },
  ]);
  assert.deepEqual(kinds(offer(order, 1)), ["duplicate"]);
});

test("as many batches as the limit are not held: the gap before them is declared", () => {
  const order = new BatchOrder<number>();
  offer(order, 0);
  for (let seq = 2; seq < 1 + HELD_BATCHES_MAX; seq++) assert.deepEqual(offer(order, seq), []);
  assert.equal(order.held, HELD_BATCHES_MAX - 1);
  const steps = offer(order, 1 + HELD_BATCHES_MAX);
  assert.deepEqual(steps[0], { kind: "gap", from: 1, count: 1 });
  assert.equal(turns(steps).length, HELD_BATCHES_MAX);
  assert.equal(order.held, 0);
});

test("a new start lets go of what the old one held, and stragglers of the old one count as seen", () => {
  const order = new BatchOrder<number>();
  offer(order, 0);
  offer(order, 2);
  const steps = offer(order, 0, T0, 2);
  assert.deepEqual(kinds(steps), ["gap", "turn", "start", "turn"]);
  assert.deepEqual(kinds(offer(order, 1, T0, 1)), ["duplicate"]);
});

test("a start that goes on from before a hole passes over what the old one held behind it", () => {
  const order = new BatchOrder<string>();
  const place = (start: number, seq: number, sourcePosition: number) => {
    return { boot: "b", start, seq, appendedAtMs: T0, sourcePosition };
  };
  for (const seq of [0, 1, 3, 4]) order.offer(place(1, seq, 10 * (seq + 1)), `old ${seq}`);
  assert.deepEqual(order.offer(place(2, 0, 20), "new 0"), [
    { kind: "duplicate", item: "old 3" },
    { kind: "duplicate", item: "old 4" },
    { kind: "start", boot: "b", start: 2, firstSeq: 0, resumes: true },
    { kind: "turn", item: "new 0" },
  ]);
  assert.equal(order.held, 0);
});

test("a start that goes on from behind a hole takes the hole for lost, and what stands behind it for good", () => {
  const order = new BatchOrder<string>();
  const place = (start: number, seq: number, sourcePosition: number) => {
    return { boot: "b", start, seq, appendedAtMs: T0, sourcePosition };
  };
  for (const seq of [0, 2]) order.offer(place(1, seq, 10 * (seq + 1)), `old ${seq}`);
  assert.deepEqual(
    order.offer(place(2, 0, 30), "new 0").map(({ kind }) => kind),
    ["gap", "turn", "start", "turn"],
  );
});

test("a boot that is over does not come back, even when its clock was ahead", () => {
  const order = new BatchOrder<number>();
  offer(order, 0, T0, 5, "first");
  assert.deepEqual(kinds(offer(order, 0, T0, 3, "second")), ["start", "turn"]);
  assert.deepEqual(kinds(offer(order, 1, T0, 5, "first")), ["duplicate"]);
});

test("where the log's beginning is gone, the first batch begins the count, but only of the first start", () => {
  const order = new BatchOrder<number>(true);
  assert.deepEqual(offer(order, 700), [
    { kind: "start", boot: "b", start: 1, firstSeq: 700, resumes: false },
    { kind: "turn", item: 700 },
  ]);
  assert.deepEqual(kinds(offer(order, 4, T0, 2)), ["start"]);
  assert.equal(order.held, 1);
});
