import assert from "node:assert/strict";
import { test } from "node:test";
import { windowFixture } from "./fixtures.ts";
import { WindowHistory } from "./window-history.ts";

const starts = (history: WindowHistory, spanMs: number): number[] =>
  history.last(spanMs).map((w) => w.startMs / 10_000);

test("A history keeps the windows of its span and forgets the older ones", () => {
  const history = new WindowHistory(30_000);
  for (let at = 0; at < 6; at++) assert.ok(history.add(windowFixture(at)));
  assert.deepEqual(starts(history, 30_000), [3, 4, 5]);
  assert.deepEqual(starts(history, 20_000), [4, 5]);
  assert.equal(history.oldestPosition, 4);
});

test("A window that was seen before is refused", () => {
  const history = new WindowHistory(30_000);
  assert.ok(history.add(windowFixture(1)));
  assert.equal(history.add(windowFixture(1)), false);
  assert.equal(history.add(windowFixture(0)), false);
  assert.deepEqual(starts(history, 30_000), [1]);
});

test("A hole in time stays a hole: older windows do not fill it", () => {
  const history = new WindowHistory(30_000);
  for (const at of [0, 1, 4]) history.add(windowFixture(at));
  assert.deepEqual(starts(history, 30_000), [4]);
});

test("The newest window is given even when it is longer than the span asked for", () => {
  const history = new WindowHistory(10_000);
  history.add(windowFixture(7));
  assert.deepEqual(starts(history, 1000), [7]);
});
