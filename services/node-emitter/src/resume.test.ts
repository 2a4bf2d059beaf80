import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryLog } from "@farmscope/log";
import { create, EventRecordSchema, toBinary } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { testNode } from "./fixtures.ts";
import { contiguousPosition, type ResumePoint, resumePoints, startedAfter } from "./resume.ts";

/** Batches that may have been on their way. */
const WINDOW = 4;

const T0 = 1_700_000_000_000;

const batch = (start: number, seq: number, position: number) => ({ start, seq, position, appendedAtMs: T0 });

const positionIn = (batches: readonly ReturnType<typeof batch>[], watermarkMs = T0): number =>
  contiguousPosition(batches, WINDOW, watermarkMs);

const positionsOf = (points: ReadonlyMap<string, ResumePoint>): Record<string, number> =>
  Object.fromEntries([...points].map(([node, { sourcePosition }]) => [node, sourcePosition]));

test("a source goes on behind the last batch before which none is missing", () => {
  assert.equal(positionIn([batch(5, 2, 30), batch(5, 0, 10), batch(5, 1, 20)]), 30);
  assert.equal(positionIn([batch(5, 0, 10), batch(5, 1, 20), batch(5, 3, 40), batch(5, 4, 50)]), 20);
});

test("a hole for which the fold hardly waits any more stays one, so that what is behind it does not come twice", () => {
  const holes = [batch(5, 1, 10), batch(5, 3, 30), { ...batch(5, 5, 60), appendedAtMs: T0 + 3_000 }];
  assert.equal(positionIn(holes, T0 + 4_999), 10);
  assert.equal(positionIn(holes, T0 + 5_000), 30);
  assert.equal(positionIn(holes, T0 + 8_000), 60);
});

test("where the beginning was not looked at, the first batch seen counts as the first", () => {
  assert.equal(positionIn([batch(5, 700, 10), batch(5, 701, 20), batch(5, 703, 40)]), 20);
});

test("only the newest start counts, unless its own beginning is missing", () => {
  assert.equal(positionIn([batch(5, 0, 10), batch(5, 2, 30), batch(6, 0, 10), batch(6, 1, 15)]), 15);
  assert.equal(positionIn([batch(5, 0, 10), batch(5, 2, 30), batch(6, 1, 15)]), 10);
});

test("batches that came late, or twice, do not lead back", () => {
  const start = [0, 1, 2, 3, 4, 5, 6, 7].map((seq) => batch(6, seq, 10 * (seq + 1)));
  assert.equal(positionIn([...start, batch(6, 1, 20)]), 80);
  assert.equal(positionIn([...start.slice(3), batch(6, 1, 20)]), 80);
  assert.equal(positionIn([...start.slice(2, 4), batch(5, 3, 15)]), 40);
  assert.equal(positionIn([batch(5, 9, 15), ...start.slice(3)]), 80);
});

test("a start is raised above the newest one of the log, and otherwise left alone", () => {
  const node = testNode("node-a");
  const point = { start: node.start, sourcePosition: 10 };
  assert.equal(startedAfter(node, point).start, node.start + 1);
  assert.equal(startedAfter(node, { ...point, start: node.start - 1 }), node);
  assert.equal(startedAfter(node, undefined), node);
});

test("the log is looked through as far as batches can have been on their way, one node's batches alone", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, partitions: 1 });
  const append = (node: string, boot: string, seq: number): Promise<number> => {
    const identity = { node, boot, start: 1000n, seq };
    const body = { case: "batch" as const, value: { identity, sourcePosition: BigInt(10 * (seq + 1)) } };
    const payload = toBinary(EventRecordSchema, create(EventRecordSchema, { version: 1, body }));
    return log.append({ kind: "event", partition: 0 }, node, payload);
  };
  for (const seq of [0, 1, 2, 4, 3, 6, 7]) {
    await append("node-a", "boot-1", seq);
    await append("node-b", "boot-1", seq + 20);
  }
  await append("node-c", "boot-0", 3);
  const nodes = ["node-a", "node-b", "node-c", "node-d"].map((id) => testNode(id));
  const { signal } = new AbortController();
  const options = { log, partitions: 1, clock, signal };
  const wide = await resumePoints(nodes, { ...options, windowBatchesMax: 4 });
  assert.deepEqual(positionsOf(wide), { "node-a": 50, "node-b": 250 });
  const narrow = await resumePoints(nodes, { ...options, windowBatchesMax: 0 });
  assert.deepEqual(positionsOf(narrow), { "node-a": 80, "node-b": 280 });
});
