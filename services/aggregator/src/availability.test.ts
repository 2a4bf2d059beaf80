import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedNode } from "@farmscope/history/fixtures";
import { fromBinary, NodeViewSchema, PageMapViewSchema, ViewRecordSchema } from "@farmscope/proto";
import { OperatingError } from "@farmscope/runtime";
import { runUntil, settle, World } from "./fixtures/world.ts";

const NODE = "a";
const away = (): Promise<never> =>
  Promise.reject(new OperatingError("LOG_UNAVAILABLE", "told to be away", { retriable: true }));

async function worldWithHistory(): Promise<World> {
  const world = new World();
  await world.history([new ScriptedNode(NODE)], 0, 15);
  return world;
}

/** Lets time pass while a worker runs, until its node's view has this many batches. */
function hasFolded(world: World, batches: number) {
  return async (): Promise<boolean> => {
    await world.clock.advance(100);
    await settle(2);
    world.store.comeBack();
    const bytes = await world.store.get(world.keys.node(0, NODE));
    return bytes !== null && Number(fromBinary(NodeViewSchema, bytes).batches!.folded) >= batches;
  };
}

test("a store that is away at the start is waited for", async () => {
  const world = await worldWithHistory();
  world.store.goAway();
  let turns = 0;
  const done = hasFolded(world, 15);
  await runUntil(world.partitionWorker(0), async () => {
    if (++turns > 10) return done();
    await world.clock.advance(1_000);
    return false;
  });
  assert.ok(turns > 10);
});

test("a log that refuses records for a while gets all of them in the end", async () => {
  const world = await worldWithHistory();
  const append = world.log.append.bind(world.log);
  let refused = 0;
  world.log.append = (stream, ...rest) => {
    if (stream.kind !== "view" || ++refused > 5) return append(stream, ...rest);
    return away();
  };
  await runUntil(world.partitionWorker(0), hasFolded(world, 15));
  assert.ok(refused > 5);
  const records = (await world.records({ kind: "view" })).map(({ payload }) => fromBinary(ViewRecordSchema, payload));
  assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
  assert.ok(records.length >= 1);
});

test("a log that cannot be read for a while is read on from where it was", async () => {
  const world = await worldWithHistory();
  const read = world.log.read.bind(world.log);
  let failures = 0;
  world.log.read = async (stream, options) => {
    const reader = await read(stream, options);
    const next = reader.next.bind(reader);
    let calls = 0;
    reader.next = (recordsMax, waitMs) => (++calls % 2 === 0 && ++failures < 4 ? away() : next(recordsMax, waitMs));
    return reader;
  };
  const worker = world.partitionWorker(0, world.ports({ pullRecordsMax: 3 }));
  await runUntil(worker, hasFolded(world, 15));
  const view = fromBinary(NodeViewSchema, (await world.store.get(world.keys.node(0, NODE)))!);
  assert.ok(failures >= 3);
  assert.deepEqual([view.batches!.folded, view.batches!.duplicates, view.batches!.gaps], [15n, 0n, 0n]);
});

test("a store that lost everything gets all views back from the log", async () => {
  const world = await worldWithHistory();
  const worker = world.partitionWorker(0);
  await runUntil(worker, hasFolded(world, 15));
  const before = await world.store.get(world.keys.node(0, NODE));
  world.store.loseEverything();
  await runUntil(world.partitionWorker(0), hasFolded(world, 15));
  assert.deepEqual(await world.store.get(world.keys.node(0, NODE)), before);
});

test("every stage's balance holds after a run", async () => {
  const world = await worldWithHistory();
  const worker = world.partitionWorker(0);
  await runUntil(worker, hasFolded(world, 15));
  for (const stage of Object.values(worker.state!.counters)) {
    assert.ok(stage.in > 0, stage.name);
    assert.equal(stage.held, 0, stage.name);
  }
});

test("a commit falls due no more often than every 200 ms, and then without waiting for more records", async () => {
  const world = new World();
  const node = new ScriptedNode(NODE);
  const commits: number[] = [];
  await world.store.watch(() => commits.push(world.clock.nowMs()));
  await runUntil(world.partitionWorker(0), async () => {
    await world.batch(node);
    await world.clock.advance(50);
    await settle(3);
    return commits.length >= 5;
  });
  const gaps = commits.slice(1, -1).map((atMs, at) => atMs - commits[at]!);
  for (const gap of gaps) assert.ok(gap >= 200 && gap <= 400, gaps.join(" "));
});

test("a node in focus gets its page map at most once a second, and only while it is in focus", async () => {
  const world = new World();
  const node = new ScriptedNode(NODE);
  const positions = new Set<bigint>();
  let inFocus = true;
  world.focus.nodes = () => (inFocus ? [NODE] : []);
  let turns = 0;
  await runUntil(world.partitionWorker(0), async () => {
    await world.batch(node);
    await world.clock.advance(100);
    await settle(3);
    const bytes = await world.store.get(world.keys.pageMap(0, NODE));
    if (bytes !== null) positions.add(fromBinary(PageMapViewSchema, bytes).position);
    inFocus = turns < 35;
    return ++turns === 60;
  });
  assert.ok(positions.size >= 3 && positions.size <= 5, `${positions.size} maps`);
});

test("a log that lost its tail is gone on with from what is left, records and views included", async () => {
  const world = await worldWithHistory();
  const { last } = await world.log.positions({ kind: "event", partition: 0 });
  const { epoch, incarnation } = await world.store.claim("p0");
  const nothing = { puts: [], deletes: [], series: [] };
  const beyond = { epoch, incarnation, previousPosition: 0, position: last + 100, recordId: "gone", ...nothing };
  assert.equal(await world.store.commit("p0", beyond), "committed");
  const node = new ScriptedNode("b");
  await runUntil(world.partitionWorker(0), async () => {
    await world.batch(node);
    await world.clock.advance(1_000);
    await settle(3);
    return (await world.records({ kind: "view" })).length > 0;
  });
  const committed = await world.store.committed("p0");
  assert.ok(committed!.position > last && committed!.position < last + 100);
  assert.notEqual(await world.store.get(world.keys.node(0, "b")), null);
});
