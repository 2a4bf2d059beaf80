import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeWindow } from "@farmscope/proto";
import { Distribution } from "../distribution/distribution.ts";
import { T0, Timeline } from "./fixtures/timeline.ts";
import { CLOSED_PER_TICK_MAX, SILENCE_MS, type WindowRecord } from "./partition-windows.ts";
import { AMEND_MS_MAX, WINDOW_MS } from "./window-time.ts";

function startS(record: WindowRecord): number {
  return (Number(record.partial.startMs) - T0) / 1000;
}

function summary(records: readonly WindowRecord[]): string[] {
  return records.map((record) => `${startS(record)}s r${record.partial.revision} n${record.partial.nodes.length}`);
}

function only(records: readonly WindowRecord[]): NodeWindow {
  assert.equal(records.length, 1);
  assert.equal(records[0]!.partial.nodes.length, 1);
  return records[0]!.partial.nodes[0]!;
}

function pauses(window: NodeWindow): number {
  const view = window.distributions[0]?.distribution;
  return view === undefined ? 0 : Distribution.fromProto(view).count;
}

test("a window closes at the first tick two seconds past its end, and at nothing else", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(1, "n", 5, 100);
  assert.deepEqual(summary(timeline.tick(11.9)), []);
  timeline.batch(12.5, "n", 6, 100);
  assert.deepEqual(summary(timeline.tick(12.6)), ["0s r0 n1"]);
  assert.deepEqual(summary(timeline.tick(12.7)), []);
});

test("an empty partition closes its windows too", () => {
  const timeline = new Timeline();
  timeline.tick(0);
  assert.deepEqual(summary(timeline.tick(12)), ["0s r0 n0"]);
});

test("a window shows the state and the balance at its end, not those at its closing", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(1, "n", 10, 100);
  timeline.batch(9, "n", 20, 100);
  timeline.batch(10.5, "n", 30, 100);
  timeline.batch(11.5, "n", 40, 100);
  const first = only(timeline.tick(12));
  assert.equal(first.zones[0]!.freePages, 20);
  assert.deepEqual([first.pages!.in, first.pages!.folded], [2n, 2n]);
  assert.equal(pauses(first), 2);
  const second = only(timeline.tick(22));
  assert.equal(second.zones[0]!.freePages, 40);
  assert.equal(second.pages!.folded, 2n);
});

test("late data amends its window at the next tick, with the next revision and everything from before", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(1, "n", 10, 100);
  assert.deepEqual(summary(timeline.tick(12)), ["0s r0 n1"]);
  timeline.batch(13, "n", 20, 200, 5);
  const amended = timeline.tick(14);
  assert.deepEqual(summary(amended), ["0s r1 n1"]);
  assert.equal(pauses(only(amended)), 2);
  assert.equal(only(amended).zones[0]!.freePages, 10);
  timeline.batch(15, "n", 20, 200, 6);
  assert.deepEqual(summary(timeline.tick(16)), ["0s r2 n1"]);
});

test("data later than ten minutes goes into no window", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(1, "n", 10, 100);
  for (let second = 10; second <= AMEND_MS_MAX / 1000 + 12; second++) timeline.tick(second);
  const nowS = AMEND_MS_MAX / 1000 + 13;
  assert.equal(timeline.batch(nowS, "n", 10, 100, 15), true);
  assert.equal(timeline.batch(nowS, "n", 10, 100, 5), false);
});

test("a node silent for fifteen seconds at a window's end is offline in it", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(4, "n", 10, 100);
  const online: boolean[] = [];
  for (let second = 5; second <= 32; second++) online.push(...timeline.tick(second).map((one) => only([one]).online));
  assert.deepEqual(online, [true, false, false]);
});

test("a node that came later is not in the windows before", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.tick(1);
  timeline.batch(10.5, "n", 10, 100);
  assert.deepEqual(summary(timeline.tick(12)), ["0s r0 n0"]);
  assert.deepEqual(summary(timeline.tick(22)), ["10s r0 n1"]);
});

test("a pause of everything leaves its windows out, and data of that time amends them into being", () => {
  const timeline = new Timeline();
  timeline.node("n");
  timeline.batch(1, "n", 10, 100);
  const backS = 1 + SILENCE_MS / 1000;
  timeline.batch(backS, "n", 20, 200, 35);
  assert.deepEqual(summary(timeline.tick(backS + 0.5)), ["0s r0 n1", "30s r0 n1"]);
  assert.deepEqual(summary(timeline.tick(backS + 11)), ["60s r0 n1"]);
});

test("a backlog is closed in bounded steps, in order", () => {
  const timeline = new Timeline();
  timeline.node("n");
  for (let second = 0; second < 200; second += 10) timeline.batch(second, "n", 10, 100);
  const closed: string[] = [];
  for (let tick = 0; tick < 4; tick++) {
    const records = timeline.tick(200 + tick / 10);
    assert.ok(records.length <= CLOSED_PER_TICK_MAX);
    closed.push(...records.map((record) => `${startS(record)}`));
  }
  assert.deepEqual(
    closed,
    Array.from({ length: 19 }, (_, window) => `${(window * WINDOW_MS) / 1000}`),
  );
});
