import assert from "node:assert/strict";
import { test } from "node:test";
import { LogWorld } from "../fixtures/log-world.ts";
import { PartitionRun } from "../fixtures/partition-run.ts";
import { ScriptedNode } from "../fixtures/scripted-node.ts";
import { readManifest } from "./checkpoint-reader.ts";
import { MANIFEST_KEY, MOMENT_KEY } from "./sections.ts";

const EVENTS = { kind: "event", partition: 0 } as const;
const CHECKPOINTS = { kind: "checkpoint", partition: 0 } as const;
const HOT_EVENTS = 4_096;

/** A node that is busy and one that is not, for some seconds. */
async function unevenWorld(seconds: number): Promise<{ world: LogWorld; last: number }> {
  const world = new LogWorld();
  const [hot, quiet] = [new ScriptedNode("hot"), new ScriptedNode("quiet")];
  for (let second = 0; second < seconds; second++) {
    await world.at(second);
    await world.batch(hot, HOT_EVENTS);
    await world.batch(quiet, 8);
    await world.tick();
  }
  return { world, last: (await world.log.positions(EVENTS)).last };
}

async function manifests(world: LogWorld, key: string) {
  const records = (await world.records(CHECKPOINTS)).filter((record) => record.key === key);
  return Promise.all(records.map(async (record) => (await readManifest(record))!));
}

test("between two complete sets a busy node gets sets of its own, so that little of it lies between its states", async () => {
  const { world, last } = await unevenWorld(60);
  const eventsMax = 4 * HOT_EVENTS;
  const pullMax = 6;
  const limits = { checkpointEventsMax: eventsMax, checkpointIntervalMsMin: 3_600_000 };
  const run = await PartitionRun.begin(world, 0, limits);
  await run.foldThrough(last, () => pullMax, true);
  const sets = await manifests(world, MOMENT_KEY);
  assert.ok(sets.length >= 10, `${sets.length} sets`);
  assert.deepEqual(await manifests(world, MANIFEST_KEY), []);
  for (const { nodes } of sets)
    assert.deepEqual(
      nodes.map(({ node }) => node),
      ["hot"],
    );
  // Three records a second, one of which is the busy node's.
  const positions = [0, ...sets.map(({ nodes }) => Number(nodes[0]!.position))];
  const gaps = positions.slice(1).map((position, at) => ((position - positions[at]!) / 3) * HOT_EVENTS);
  assert.ok(Math.max(...gaps) <= eventsMax + pullMax * HOT_EVENTS, `${Math.max(...gaps)} events between two states`);
});

test("nobody restarts from a set that does not name all nodes", async () => {
  const { world, last } = await unevenWorld(20);
  const run = await PartitionRun.begin(world, 0, {
    checkpointEventsMax: HOT_EVENTS,
    checkpointIntervalMsMin: 3_600_000,
  });
  await run.foldThrough(last, () => 3, true);
  assert.ok((await manifests(world, MOMENT_KEY)).length > 5);
  const again = await PartitionRun.begin(world, last);
  assert.deepEqual([again.restored.from, again.restored.through], [1, 0]);
});

test("a set says of each node when its newest event was", async () => {
  const { world, last } = await unevenWorld(10);
  const run = await PartitionRun.begin(world, 0, { checkpointIntervalMs: 0, checkpointIntervalMsMin: 0 });
  await run.foldThrough(last, () => last, true);
  const [set] = await manifests(world, MANIFEST_KEY);
  const said = set!.nodes.map(({ node, lastEventMs }) => [node, Number(lastEventMs)]);
  assert.deepEqual(
    said,
    [...run.state.nodes.values()].map(({ node, fold }) => [node, fold.lastEventMs]),
  );
});

test("where sets are large and the log grows slowly, the next one waits, but not for ever", async () => {
  const world = new LogWorld();
  const node = new ScriptedNode("a");
  const [intervalMs, intervalMsMax] = [10_000, 60_000];
  const limits = {
    checkpointIntervalMs: intervalMs,
    checkpointIntervalMsMin: 0,
    checkpointIntervalMsMax: intervalMsMax,
  };
  const run = await PartitionRun.begin(world, 0, limits);
  const writtenAtS: number[] = [];
  for (let second = 0; second < 200; second++) {
    await world.at(second);
    await world.batch(node, 8);
    await world.tick();
    const before = (await manifests(world, MANIFEST_KEY)).length;
    await run.foldThrough((await world.log.positions(EVENTS)).last, () => 2, true);
    if ((await manifests(world, MANIFEST_KEY)).length > before) writtenAtS.push(second);
  }
  const waits = writtenAtS.slice(1).map((second, at) => (second - writtenAtS[at]!) * 1_000);
  assert.ok(waits.length >= 2 && Math.min(...waits) > intervalMs && Math.max(...waits) <= intervalMsMax, `${waits}`);
  const [raw, sets] = [await world.log.positions(EVENTS), await world.log.positions(CHECKPOINTS)];
  assert.ok(sets.bytes < raw.bytes, `${sets.bytes} bytes of sets for ${raw.bytes} of the log`);
});
