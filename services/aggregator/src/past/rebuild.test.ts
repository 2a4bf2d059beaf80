import assert from "node:assert/strict";
import { test } from "node:test";
import { rebuild } from "@farmscope/history";
import { ScriptedNode } from "@farmscope/history/fixtures";
import { fromBinary, toBinary, ViewRecordSchema } from "@farmscope/proto";
import { SystemClock } from "@farmscope/runtime";
import { runUntil, World } from "../fixtures/world.ts";

const EVENTS = { kind: "event", partition: 0 } as const;

async function liveWorld(): Promise<World> {
  const world = new World();
  await world.history([new ScriptedNode("a"), new ScriptedNode("b")], 0, 90);
  const { last } = await world.log.positions(EVENTS);
  const worker = world.partitionWorker(0);
  await runUntil(worker, () => (worker.state?.pending.position ?? 0) >= last);
  let turns = 0;
  await runUntil(world.mergeWorker(0), () => ++turns > 300);
  return world;
}

function rebuilt(world: World) {
  const { log, store, keys, logger, partitions } = world;
  return rebuild({ log, store, keys, clock: new SystemClock(), logger, namespace: "fs", partitions });
}

test("what the log gives again equals the live views and view records", async () => {
  const world = await liveWorld();
  const report = await rebuilt(world);
  assert.deepEqual(report.firstDifferences, []);
  const wide = await world.records({ kind: "view", widthMs: 60_000 });
  assert.deepEqual([...new Set(wide.map(({ key }) => key))].sort(), ["farm/default", "partial/0"]);
  assert.ok(report.partials.compared >= 3 && report.farms.compared >= 3 && report.events > 0);
  assert.deepEqual(report.views, { compared: 2, equal: 2, different: 0 });
  assert.deepEqual(report.openPartitions, []);
});

test("a live view that was changed behind the log's back is found", async () => {
  const world = await liveWorld();
  const { epoch, incarnation, position, recordId } = await world.store.claim("p0");
  const puts = [{ key: world.keys.node(0, "b"), value: Uint8Array.from([1]) }];
  const place = { epoch, incarnation, previousPosition: position, position, recordId };
  assert.equal(await world.store.commit("p0", { ...place, puts, deletes: [], series: [] }), "committed");
  const { firstDifferences, views } = await rebuilt(world);
  assert.deepEqual(firstDifferences, [{ what: "node view", id: "b", how: "different" }]);
  assert.deepEqual(views, { compared: 2, equal: 1, different: 1 });
});

test("a record of fs.view that no fold gives is found", async () => {
  const world = await liveWorld();
  const [first] = await world.records({ kind: "view" });
  const record = fromBinary(ViewRecordSchema, first!.payload);
  await world.log.append(
    { kind: "view" },
    "partial/0",
    toBinary(ViewRecordSchema, { ...record, id: "partial/0/10000/7/0" }),
  );
  const { firstDifferences } = await rebuilt(world);
  assert.deepEqual(firstDifferences, [{ what: "partial window", id: "partial/0/10000/7/0", how: "only live" }]);
});
