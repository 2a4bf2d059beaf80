import assert from "node:assert/strict";
import { test } from "node:test";
import { MANIFEST_KEY } from "@farmscope/history";
import { PartitionRun, ScriptedNode } from "@farmscope/history/fixtures";
import { CheckpointRecordSchema, create, fromBinary, toBinary } from "@farmscope/proto";
import { runUntil, World } from "./fixtures/world.ts";

const CHECKPOINTS = { kind: "checkpoint", partition: 0 } as const;
const EVENTS = { kind: "event", partition: 0 } as const;
const NODES = ["a", "b", "c"];
const AT_ONCE = {
  checkpointIntervalMs: 0,
  checkpointIntervalMsMin: 0,
  checkpointIntervalMsMax: 0,
  checkpointSliceMs: 1_000,
};

async function worldOf(seconds: number): Promise<{ world: World; nodes: ScriptedNode[]; last: number }> {
  const world = new World();
  const nodes = NODES.map((id) => new ScriptedNode(id));
  await world.history(nodes, 0, seconds);
  return { world, nodes, last: (await world.log.positions(EVENTS)).last };
}

/** Folds everything and writes one set at each of the given positions. */
async function checkpointsAt(world: World, ...positions: readonly number[]): Promise<void> {
  const run = await PartitionRun.begin(world, 0, AT_ONCE);
  for (const position of positions) {
    const left = (): number => position - run.state.pending.position;
    await run.foldThrough(position, left, true);
  }
}

/** The fold that begins for an owner who finds this position committed, and the one of the whole log. */
async function resumed(world: World, committed: number) {
  const { last } = await world.log.positions(EVENTS);
  const run = await PartitionRun.begin(world, committed);
  await run.foldThrough(last, () => 50, false);
  return run;
}

test("a restart reads the newest set at or before what was committed, and nothing of the log before it", async () => {
  const { world, last } = await worldOf(20);
  await checkpointsAt(world, 30, 50, 70);
  const whole = (await resumed(world, 0)).outcome();
  for (const [committed, from] of [
    [29, 1],
    [30, 31],
    [69, 51],
    [last, 71],
  ] as const) {
    const run = await resumed(world, committed);
    assert.equal(run.restored.from, from);
    assert.deepEqual(run.outcome(), whole);
  }
});

test("a set whose parts are damaged, missing or of another fold gives way to the one before it", async () => {
  for (const damage of ["damaged", "missing", "foreign", "no manifest"]) {
    const { world, last } = await worldOf(20);
    await checkpointsAt(world, 30, 60);
    const records = await world.records(CHECKPOINTS);
    const manifests = records.filter(({ key }) => key === MANIFEST_KEY).map(({ position }) => position);
    const [first, second] = manifests as [number, number];
    const copy = new World();
    for (const { key, payload } of await world.records(EVENTS)) await copy.append(0, key, payload);
    const victim = second - 1;
    for (const { position, key, payload } of records) {
      if (position === victim && damage === "missing") {
        await copy.log.append(CHECKPOINTS, "another", payload.slice(0, 3));
      } else if (position === victim && damage === "damaged") {
        await copy.log.append(CHECKPOINTS, key, spoilt(payload));
      } else if (position === second && damage === "foreign") {
        await copy.log.append(CHECKPOINTS, key, ofOtherFold(payload));
      } else if (position !== second || damage !== "no manifest") {
        await copy.log.append(CHECKPOINTS, key, payload);
      }
    }
    assert.ok(first < victim);
    const run = await PartitionRun.begin(copy, last);
    assert.equal(run.restored.from, 31, damage);
  }
});

test("without any set that can be read the retained log is folded", async () => {
  const { world, last } = await worldOf(5);
  await world.log.append(CHECKPOINTS, MANIFEST_KEY, Uint8Array.from([1, 2, 3]));
  const run = await PartitionRun.begin(world, last);
  assert.deepEqual([run.restored.from, run.restored.through], [1, 0]);
});

test("a set of a log that lost its tail and grew again is refused", async () => {
  const { world } = await worldOf(20);
  await checkpointsAt(world, 60);
  const other = new World();
  await other.history([new ScriptedNode("z")], 0, 40);
  for (const { key, payload } of await world.records(CHECKPOINTS)) await other.log.append(CHECKPOINTS, key, payload);
  const run = await PartitionRun.begin(other, 70);
  assert.equal(run.restored.from, 1);
});

test("memory that did not change is not written again, until its last copy is old", async () => {
  const { world, nodes } = await worldOf(3);
  const run = await PartitionRun.begin(world, 0, AT_ONCE);
  const { last } = await world.log.positions(EVENTS);
  await run.foldThrough(last, () => last, true);
  const parts: number[] = [];
  for (let round = 0; round < 10; round++) {
    const before = (await world.log.positions(CHECKPOINTS)).last;
    await world.batch(nodes[0]!);
    await run.foldThrough((await world.log.positions(EVENTS)).last, () => 1, true);
    parts.push((await world.log.positions(CHECKPOINTS)).last - before - 1);
  }
  assert.deepEqual(parts.slice(0, 7), [4, 4, 4, 4, 4, 4, 4]);
  assert.ok(parts.includes(6), `${parts}`);
});

test("a worker that takes over goes on from a checkpoint and closes the windows that the whole log closes", async () => {
  const { world, nodes } = await worldOf(15);
  const limits = { ...AT_ONCE, pullRecordsMax: 5 };
  const first = world.partitionWorker(0, world.ports(limits));
  await runUntil(first, async () => (await world.log.lastOf(CHECKPOINTS, MANIFEST_KEY)) !== null);
  await world.history(nodes, 15, 40);
  const { last } = await world.log.positions(EVENTS);
  const second = world.partitionWorker(0, world.ports());
  await runUntil(second, () => (second.state?.pending.position ?? 0) >= last);
  assert.ok(second.state!.counters.read.in < last, "it read the whole log");
  const whole = await PartitionRun.begin(world);
  await whole.foldThrough(last, () => 50, false);
  const expected = whole.state.pending.effects.map(({ payload }) => Buffer.from(payload).toString("hex"));
  const records = (await world.records({ kind: "view" })).map(({ payload }) => Buffer.from(payload).toString("hex"));
  assert.ok(expected.length >= 3);
  assert.deepEqual([...new Set(records)].slice(0, expected.length), expected);
});

test("a state larger than a message is cut into parts and put together again", async () => {
  const world = new World(1, 2_048 + 100);
  await world.history([new ScriptedNode("a", "default", 8)], 0, 20);
  const { last } = await world.log.positions(EVENTS);
  const run = await PartitionRun.begin(world, 0, AT_ONCE);
  await run.foldThrough(30, () => 30, true);
  const counts = (await world.records(CHECKPOINTS)).map(({ payload }) => {
    const { body } = fromBinary(CheckpointRecordSchema, payload);
    return body.case === "part" ? body.value.count : 0;
  });
  assert.ok(Math.max(...counts) > 3);
  const again = await resumed(world, last);
  assert.equal(again.restored.from, 31);
  assert.deepEqual(again.outcome(), (await resumed(world, 0)).outcome());
});

function spoilt(payload: Uint8Array): Uint8Array {
  const copy = payload.slice();
  copy[copy.length - 5]! ^= 1;
  return copy;
}

function ofOtherFold(payload: Uint8Array): Uint8Array {
  const record = fromBinary(CheckpointRecordSchema, payload);
  return toBinary(CheckpointRecordSchema, create(CheckpointRecordSchema, { ...record, foldVersion: 999 }));
}
