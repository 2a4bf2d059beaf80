import assert from "node:assert/strict";
import { test } from "node:test";
import { WINDOW_MS } from "@farmscope/domain";
import { MANIFEST_KEY, type ReplayOptions, replay } from "@farmscope/history";
import { ScriptedNode, T0 } from "@farmscope/history/fixtures";
import { FarmWindowSchema, fromBinary } from "@farmscope/proto";
import { SystemClock } from "@farmscope/runtime";
import { Keys, MemoryStore } from "@farmscope/store";
import { runUntil, World } from "../fixtures/world.ts";

const PARTITIONS = 2;
const IDS = ["a", "b", "c", "d", "e"];
const RANGE = { fromMs: T0 + 40_000, toMs: T0 + 80_000 };
const AT_ONCE = { checkpointIntervalMs: 0, checkpointIntervalMsMin: 0, checkpointIntervalMsMax: 0, pullRecordsMax: 20 };
const NEVER = new AbortController().signal;

/** A hundred seconds of five nodes in two farms, folded live, with checkpoints on the way. */
async function liveWorld(checkpoints = true): Promise<World> {
  const world = new World(PARTITIONS);
  const nodes = IDS.map((id, at) => new ScriptedNode(id, at < 3 ? "east" : "west"));
  for (let second = 0; second < 100; second += 20) {
    await world.history(nodes, second, second + 20);
    for (let partition = 0; partition < PARTITIONS; partition++) await foldLive(world, partition, checkpoints);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      let turns = 0;
      await runUntil(world.mergeWorker(partition), () => ++turns > 300);
    }
  }
  return world;
}

/** Folds all that is there, and writes a checkpoint if so wanted. */
async function foldLive(world: World, partition: number, checkpoints: boolean): Promise<void> {
  const manifest = async () => (await world.log.lastOf({ kind: "checkpoint", partition }, MANIFEST_KEY))?.position;
  const before = await manifest();
  const { last } = await world.log.positions({ kind: "event", partition });
  const worker = world.partitionWorker(partition, world.ports(checkpoints ? AT_ONCE : {}));
  const isFolded = (): boolean => (worker.state?.pending.position ?? 0) >= last;
  await runUntil(worker, async () => isFolded() && (!checkpoints || (await manifest()) !== before));
}

function optionsOf(world: World, store: MemoryStore, more: Partial<ReplayOptions> = {}): ReplayOptions {
  const { log, logger, partitions } = world;
  const keys = new Keys("fs-x");
  return {
    log,
    store,
    keys,
    clock: new SystemClock(),
    logger,
    namespace: "fs",
    partitions,
    range: RANGE,
    speed: "max",
    ...more,
  };
}

/** Windows of nodes and farms in a range, as "name start bytes". */
async function windowsOf(store: MemoryStore, keys: Keys, { fromMs, toMs } = RANGE): Promise<string[]> {
  const series: [string, string][] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const id of IDS) series.push([id, keys.nodeWindows(partition, WINDOW_MS, id)]);
    for (const farm of ["east", "west"]) series.push([farm, keys.farmWindows(partition, WINDOW_MS, farm)]);
  }
  const lines = series.map(async ([name, key]) =>
    (await store.range(key, fromMs, toMs)).map(
      ({ startMs, value }) => `${name} ${startMs} ${Buffer.from(value).toString("hex")}`,
    ),
  );
  return (await Promise.all(lines)).flat();
}

test("a replay of a range gives the live windows of that range, from a checkpoint and from the log's beginning", async () => {
  for (const checkpoints of [true, false]) {
    const world = await liveWorld(checkpoints);
    assert.equal((await world.log.lastOf({ kind: "checkpoint", partition: 0 }, MANIFEST_KEY)) !== null, checkpoints);
    const before = (await world.log.positions({ kind: "view" })).last;
    const live = await windowsOf(world.store, world.keys);
    assert.equal(live.length, (IDS.length + 2) * 4);
    const store = new MemoryStore(world.clock);
    const done = await replay(optionsOf(world, store), NEVER);
    assert.equal(done.state, "complete");
    assert.deepEqual(await windowsOf(store, new Keys("fs-x")), live);
    assert.ok(done.events > 0 && done.windows > 0 && done.eventsPerS > 0);
    assert.equal((await world.log.positions({ kind: "view" })).last, before, "the live log was written to");
  }
});

test("a replay that begins at a checkpoint does not fold what lies before it", async () => {
  const world = await liveWorld();
  const events = async (range: typeof RANGE) =>
    (await replay(optionsOf(world, new MemoryStore(world.clock), { range }), NEVER)).events;
  const late = await events({ fromMs: T0 + 80_000, toMs: T0 + 90_000 });
  const early = await events({ fromMs: T0, toMs: T0 + 90_000 });
  assert.ok(late < early, `${late} of ${early}`);
});

test("a replay of some nodes gives the windows of those alone, as they were live", async () => {
  const world = await liveWorld();
  const live = (await windowsOf(world.store, world.keys)).filter(
    (line) => line.startsWith("a ") || line.startsWith("d "),
  );
  const store = new MemoryStore(world.clock);
  await replay(optionsOf(world, store, { nodes: new Set(["a", "d"]) }), NEVER);
  const nodes = (await windowsOf(store, new Keys("fs-x"))).filter((line) => !/^(east|west) /.test(line));
  assert.deepEqual(nodes, live);
});

test("a replay of a farm gives its windows and its nodes' alone, as they were live", async () => {
  const world = await liveWorld();
  const live = (await windowsOf(world.store, world.keys)).filter((line) => /^(west|d|e) /.test(line));
  const store = new MemoryStore(world.clock);
  await replay(optionsOf(world, store, { farm: "west" }), NEVER);
  assert.deepEqual(await windowsOf(store, new Keys("fs-x")), live);
});

test("a cancelled replay says so in the scratch store, and leaves the windows that it had closed", async () => {
  const world = await liveWorld();
  const store = new MemoryStore(world.clock);
  const stop = new AbortController();
  const onProgress = ({ windows }: { readonly windows: number }): void => {
    if (windows >= 4) stop.abort();
  };
  const done = await replay(optionsOf(world, store, { onProgress }), stop.signal);
  assert.equal(done.state, "cancelled");
  const kept = JSON.parse(new TextDecoder().decode((await store.get(new Keys("fs-x").replay()))!));
  assert.equal(kept.state, "cancelled");
  const live = new Set(await windowsOf(world.store, world.keys));
  const windows = await windowsOf(store, new Keys("fs-x"));
  assert.ok(windows.length > 0 && windows.length < live.size);
  assert.deepEqual(
    windows.filter((line) => !live.has(line)),
    [],
  );
  await assert.rejects(replay(optionsOf(world, store), NEVER), { code: "USAGE" });
});

test("a replay at a speed waits as long as the range took, less that factor", async () => {
  const world = await liveWorld();
  const clock = new SystemClock();
  const waits: number[] = [];
  const slow = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => 0,
    sleep: async (ms: number) => {
      waits.push(ms);
    },
  };
  await replay(optionsOf(world, new MemoryStore(world.clock), { clock: slow, speed: 10 }), NEVER);
  assert.ok(Math.max(...waits) >= (RANGE.toMs - RANGE.fromMs) / 10, `${Math.max(...waits)}`);
});

test("farms' windows of a replay name every partition as used", async () => {
  const world = await liveWorld();
  const store = new MemoryStore(world.clock);
  await replay(optionsOf(world, store), NEVER);
  for (const line of (await windowsOf(store, new Keys("fs-x"))).filter((one) => one.startsWith("east "))) {
    const window = fromBinary(FarmWindowSchema, Buffer.from(line.split(" ")[2]!, "hex"));
    assert.deepEqual([window.partitionsUsed, window.partitionsMissing], [[0, 1], []]);
  }
});
