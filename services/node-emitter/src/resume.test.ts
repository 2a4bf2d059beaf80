import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryLog } from "@farmscope/log";
import { create, EventRecordSchema, toBinary } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { testNode } from "./fixtures.ts";
import { contiguousPosition, resumePositions } from "./resume.ts";

const batch = (start: number, seq: number, position: number) => ({ start, seq, position });

test("a source goes on behind the last batch before which none is missing", () => {
  assert.equal(contiguousPosition([batch(5, 2, 30), batch(5, 0, 10), batch(5, 1, 20)]), 30);
  assert.equal(contiguousPosition([batch(5, 0, 10), batch(5, 1, 20), batch(5, 3, 40), batch(5, 4, 50)]), 20);
});

test("where the beginning was not looked at, the first batch seen counts as the first", () => {
  assert.equal(contiguousPosition([batch(5, 700, 10), batch(5, 701, 20), batch(5, 703, 40)]), 20);
});

test("only the newest start counts, unless its own beginning is missing", () => {
  assert.equal(contiguousPosition([batch(5, 0, 10), batch(5, 2, 30), batch(6, 0, 10), batch(6, 1, 15)]), 15);
  assert.equal(contiguousPosition([batch(5, 0, 10), batch(5, 2, 30), batch(6, 1, 15)]), 10);
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
  const wide = await resumePositions(nodes, { ...options, windowBatchesMax: 4 });
  assert.deepEqual(Object.fromEntries(wide), { "node-a": 50, "node-b": 250 });
  const narrow = await resumePositions(nodes, { ...options, windowBatchesMax: 0 });
  assert.deepEqual(Object.fromEntries(narrow), { "node-a": 80, "node-b": 280 });
});
