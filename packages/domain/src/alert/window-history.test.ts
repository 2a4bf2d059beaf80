import assert from "node:assert/strict";
import { test } from "node:test";
import { windowFixture } from "./fixtures.ts";
import { WindowHistory } from "./window-history.ts";

const SPAN_MS = 30_000;
const starts = (history: WindowHistory, spanMs: number): number[] =>
  history.last(spanMs).map((w) => w.startMs / 10_000);

test("A history keeps the windows of its span and forgets the older ones", () => {
  const history = new WindowHistory();
  for (let at = 0; at < 6; at++) assert.ok(history.add(windowFixture(at), SPAN_MS));
  assert.deepEqual(starts(history, 30_000), [3, 4, 5]);
  assert.deepEqual(starts(history, 20_000), [4, 5]);
  assert.equal(history.oldestPosition, 4);
});

test("A window that was seen before is refused", () => {
  const history = new WindowHistory();
  assert.ok(history.add(windowFixture(1), SPAN_MS));
  assert.equal(history.add(windowFixture(1), SPAN_MS), false);
  assert.equal(history.add(windowFixture(0), SPAN_MS), false);
  assert.deepEqual(starts(history, 30_000), [1]);
});

test("A hole in time stays a hole: older windows do not fill it", () => {
  const history = new WindowHistory();
  for (const at of [0, 1, 4]) history.add(windowFixture(at), SPAN_MS);
  assert.deepEqual(starts(history, 30_000), [4]);
});

test("The newest window is given even when it is longer than the span asked for", () => {
  const history = new WindowHistory();
  history.add(windowFixture(7), SPAN_MS);
  assert.deepEqual(starts(history, 1000), [7]);
});
