import assert from "node:assert/strict";
import { test } from "node:test";
import { partitionOf } from "@farmscope/domain";
import { MERGE_KEY } from "@farmscope/history";
import { ScriptedNode, T0 } from "@farmscope/history/fixtures";
import { FarmViewSchema, fromBinary, ViewRecordSchema } from "@farmscope/proto";
import { runUntil, settle, World } from "./fixtures/world.ts";

const PARTITIONS = 2;
const FARM = "default";
const JUNK = "junk";

/** Half a minute of six nodes in two partitions, folded into partial windows. */
async function foldedWorld(): Promise<World> {
  const world = new World(PARTITIONS);
  const nodes = ["a", "b", "c", "d", "e", "f"].map((id) => new ScriptedNode(id));
  await world.history(nodes, 0, 35);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { last } = await world.log.positions({ kind: "event", partition });
    const worker = world.partitionWorker(partition);
    await runUntil(worker, () => (worker.state?.pending.position ?? 0) >= last);
  }
  return world;
}

async function mergeAll(world: World): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    let turns = 0;
    await runUntil(world.mergeWorker(partition), () => ++turns > 200);
  }
}

/** A quarter of an hour of a node in each partition: long enough for windows that are amended no more. */
async function longWorld(): Promise<World> {
  const world = new World(PARTITIONS);
  await world.history([new ScriptedNode("a"), new ScriptedNode("b")], 0, 1_000);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { last } = await world.log.positions({ kind: "event", partition });
    const worker = world.partitionWorker(partition);
    await runUntil(worker, () => (worker.state?.pending.position ?? 0) >= last);
  }
  return world;
}

/** All that the merging of a partition's farms has written. */
async function everything(world: World, owner: number) {
  const widths = [10_000, 60_000, 600_000] as const;
  const records = await Promise.all(widths.map((widthMs) => world.records({ kind: "view", widthMs })));
  const series = await Promise.all(
    widths.map((widthMs) => world.store.range(world.keys.farmWindows(owner, widthMs, FARM), 0, T0 * 2)),
  );
  const ids = records.flat().filter(({ key }) => key !== JUNK);
  return { ids: ids.map(({ key, payload }) => `${key} ${Buffer.from(payload).toString("hex")}`), series };
}

async function farmRecords(world: World) {
  const known = (await world.records({ kind: "view" })).filter(({ key }) => key !== JUNK);
  const records = known.map(({ payload }) => fromBinary(ViewRecordSchema, payload));
  return records.flatMap(({ body }) => (body.case === "farm" ? [body.value] : []));
}

test("a farm's windows are merged from all partitions, recorded and kept in the store", async () => {
  const world = await foldedWorld();
  await mergeAll(world);
  const farms = await farmRecords(world);
  assert.deepEqual(
    farms.map(({ farm, startMs, revision, nodes }) => [farm, Number(startMs) - T0, revision, nodes.length]),
    [
      [FARM, 0, 0, 6],
      [FARM, 10_000, 0, 6],
      [FARM, 20_000, 0, 6],
    ],
  );
  const owner = partitionOf(FARM, PARTITIONS);
  const view = fromBinary(FarmViewSchema, (await world.store.get(world.keys.farm(owner, FARM)))!);
  assert.equal(Number(view.latest!.startMs), T0 + 20_000);
  assert.equal(view.latest!.managedPages, BigInt(6 * 8_192));
  assert.equal((await world.store.range(world.keys.farmWindows(owner, 10_000, FARM), 0, T0 * 2)).length, 3);
  assert.deepEqual(await world.store.list(world.keys.farmIndex(owner)), [FARM]);
});

test("merging again from the beginning writes nothing twice", async () => {
  const world = await foldedWorld();
  await mergeAll(world);
  const before = (await world.records({ kind: "view" })).length;
  await mergeAll(world);
  await settle();
  assert.equal((await world.records({ kind: "view" })).length, before);
});

test("a merge goes on from its checkpoint, and reads no more of fs.view than windows that may be amended need", async () => {
  const world = await longWorld();
  const owner = partitionOf(FARM, PARTITIONS);
  const limits = { mergeCheckpointIntervalMs: 0 };
  let turns = 0;
  await runUntil(world.mergeWorker(owner, world.ports(limits)), () => ++turns > 1_500);
  const { last } = await world.log.positions({ kind: "view" });
  const checkpoint = await world.log.lastOf({ kind: "checkpoint", partition: owner }, MERGE_KEY);
  assert.ok(checkpoint !== null);
  const before = await everything(world, owner);
  const read = world.log.read.bind(world.log);
  const from: number[] = [];
  world.log.read = async (...rest: Parameters<typeof read>) => {
    if (rest[0].kind === "view") from.push(rest[1].from);
    return read(...rest);
  };
  // More of the same log, merged by one that goes on, and by one that begins with the first record.
  await world.log.append({ kind: "view" }, JUNK, Uint8Array.from([0xff]));
  turns = 0;
  await runUntil(world.mergeWorker(owner, world.ports(limits)), () => ++turns > 300);
  assert.ok(from.at(-1)! > 1 && from.at(-1)! <= last, `read from ${from}`);
  assert.deepEqual(await everything(world, owner), before);
});

test("a checkpoint of another log is not used", async () => {
  const world = await foldedWorld();
  const owner = partitionOf(FARM, PARTITIONS);
  const limits = { mergeCheckpointIntervalMs: 0 };
  let turns = 0;
  await runUntil(world.mergeWorker(owner, world.ports(limits)), () => ++turns > 200);
  const before = await everything(world, owner);
  const { last } = await world.log.positions({ kind: "view" });
  world.log.loseTail({ kind: "view" }, 1);
  await world.log.append({ kind: "view" }, JUNK, Uint8Array.from([0xff]));
  const from: number[] = [];
  const read = world.log.read.bind(world.log);
  world.log.read = async (...rest: Parameters<typeof read>) => {
    from.push(rest[1].from);
    return read(...rest);
  };
  turns = 0;
  await runUntil(world.mergeWorker(owner, world.ports(limits)), () => ++turns > 200);
  assert.equal(from.at(-1), 1, `${from} of ${last}`);
  assert.deepEqual((await everything(world, owner)).series, before.series);
});

test("what is no view record is passed over", async () => {
  const world = await foldedWorld();
  await world.log.append({ kind: "view" }, JUNK, Uint8Array.from([0xff, 0xff]));
  await mergeAll(world);
  assert.equal((await farmRecords(world)).length, 3);
});
