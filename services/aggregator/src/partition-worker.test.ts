import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedNode, T0 } from "@farmscope/history/fixtures";
import { DeadLetterReason, DeadLetterSchema, fromBinary, NodeViewSchema, ViewRecordSchema } from "@farmscope/proto";
import { OperatingError } from "@farmscope/runtime";
import type { Commit, CommitOutcome, Scope } from "@farmscope/store";
import { runUntil, World } from "./fixtures/world.ts";
import type { PartitionWorker } from "./partition-worker.ts";

const NODES = ["a", "b", "c"];
const EVENTS = { kind: "event", partition: 0 } as const;

/** Half a minute of three nodes, with a lost batch, a duplicate, a late one, a restart and what cannot be read. */
async function eventfulWorld(): Promise<World> {
  const world = new World();
  const nodes = NODES.map((id) => new ScriptedNode(id));
  const [a, b] = nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  await world.history(nodes, 0, 9);
  const late = a.next(world.clock.nowMs());
  const lost = b.next(world.clock.nowMs());
  assert.ok(lost.payload.length > 0);
  await world.append(0, "junk", Uint8Array.from([1, 2, 3]));
  await world.history(nodes, 10, 14);
  await world.append(0, "a", late.payload);
  await world.append(0, "a", late.payload);
  await world.history(nodes, 14, 26);
  b.restart();
  await world.history(nodes, 26, 35);
  return world;
}

function reached(world: World, worker: PartitionWorker) {
  return async (): Promise<boolean> =>
    (worker.state?.pending.position ?? 0) >= (await world.log.positions(EVENTS)).last;
}

async function foldAll(world: World, pullRecordsMax = 256): Promise<void> {
  const worker = world.partitionWorker(0, world.ports({ pullRecordsMax }));
  await runUntil(worker, reached(world, worker));
}

async function views(world: World) {
  const keys = NODES.map((node) => world.keys.node(0, node));
  return (await world.store.getMany(keys)).map((bytes) => bytes && Buffer.from(bytes).toString("hex"));
}

async function windows(world: World) {
  const series = NODES.map((node) => world.store.range(world.keys.nodeWindows(0, 10_000, node), 0, T0 * 2));
  return (await Promise.all(series)).map((entries) =>
    entries.map(({ startMs, value }) => `${startMs} ${Buffer.from(value).toString("hex")}`),
  );
}

/** Records by id: what readers see, who drop repeated ids. */
async function effects(world: World, kind: "view" | "dead" | "control"): Promise<Map<string, string>> {
  const records = await world.records({ kind });
  return new Map(records.map(({ payload }) => [idOf(kind, payload), Buffer.from(payload).toString("hex")]));
}

function idOf(kind: "view" | "dead" | "control", payload: Uint8Array): string {
  if (kind === "view") return fromBinary(ViewRecordSchema, payload).id;
  return Buffer.from(payload).toString("hex");
}

async function outcome(world: World) {
  return {
    views: await views(world),
    windows: await windows(world),
    view: await effects(world, "view"),
    dead: await effects(world, "dead"),
    control: await effects(world, "control"),
  };
}

test("how many records a pull returns changes no view, no record and no window", async () => {
  const outcomes = [];
  for (const pullRecordsMax of [1, 7, 1000]) {
    const world = await eventfulWorld();
    await foldAll(world, pullRecordsMax);
    outcomes.push(await outcome(world));
  }
  assert.equal(outcomes[0]!.views.filter((view) => view !== null).length, NODES.length);
  assert.ok(outcomes[0]!.view.size >= 3);
  assert.equal(outcomes[0]!.dead.size, 1);
  assert.equal(outcomes[0]!.control.size, 1);
  assert.deepEqual(outcomes[1], outcomes[0]);
  assert.deepEqual(outcomes[2], outcomes[0]);
});

test("a node's balance accounts for what was lost, repeated and restarted", async () => {
  const world = await eventfulWorld();
  await foldAll(world);
  const bytes = await world.store.get(world.keys.node(0, "b"));
  const view = fromBinary(NodeViewSchema, bytes!);
  const { pages, batches } = view;
  assert.equal(batches!.gaps, 1n);
  assert.equal(pages!.in, pages!.folded + pages!.dropped + pages!.lost + pages!.held);
  assert.equal(pages!.lost, 64n);
  assert.ok(view.observed);
  const a = fromBinary(NodeViewSchema, (await world.store.get(world.keys.node(0, "a")))!);
  assert.deepEqual([a.batches!.gaps, a.batches!.duplicates, a.pages!.lost], [0n, 1n, 0n]);
});

test("an owner that is killed between its records and its commit leaves what an undisturbed one leaves", async () => {
  const undisturbed = await eventfulWorld();
  await foldAll(undisturbed);
  const expected = await outcome(undisturbed);
  for (const killedAt of [20, 61, 90]) {
    const world = await eventfulWorld();
    const first = world.partitionWorker(0, world.ports({ pullRecordsMax: 4 }));
    await runUntil(first, () => (first.state?.pending.position ?? 0) >= killedAt);
    await dieAtCommit(world);
    await foldAll(world, 5);
    assert.deepEqual(await outcome(world), expected, `killed at ${killedAt}`);
  }
});

/** Folds on and appends records, but dies before the commit takes effect. */
async function dieAtCommit(world: World): Promise<void> {
  const commit = world.store.commit.bind(world.store);
  world.store.commit = async () => {
    throw new Error("killed");
  };
  await assert.rejects(foldAll(world), /killed/);
  world.store.commit = commit;
}

test("a commit whose answer was lost is neither repeated nor missed", async () => {
  const expected = await eventfulWorld().then(async (world) => {
    await foldAll(world);
    return outcome(world);
  });
  for (const takesEffect of [true, false]) {
    const world = await eventfulWorld();
    loseFirstAnswer(world, takesEffect);
    await foldAll(world);
    assert.deepEqual(await outcome(world), expected);
  }
});

function loseFirstAnswer(world: World, takesEffect: boolean): void {
  const commit = world.store.commit.bind(world.store);
  world.store.commit = async (scope: Scope, content: Commit): Promise<CommitOutcome> => {
    world.store.commit = commit;
    if (takesEffect) await commit(scope, content);
    throw new OperatingError("STORE_UNAVAILABLE", "no answer", { retriable: true });
  };
}

test("when the log lost its tail and grew again, the store shows what the log has", async () => {
  const world = new World();
  const nodes = NODES.map((id) => new ScriptedNode(id));
  await world.history(nodes, 0, 9);
  await foldAll(world);
  world.log.loseTail(EVENTS, 17);
  for (let second = 9; second < 40; second++) {
    await world.at(second);
    await world.tick();
  }
  await foldAll(world);
  const rebuilt = new World();
  for (const { key, payload, appendedAtMs } of await world.records(EVENTS)) {
    await rebuilt.at((appendedAtMs - T0) / 1000);
    await rebuilt.append(0, key, payload);
  }
  await foldAll(rebuilt);
  assert.deepEqual(await views(world), await views(rebuilt));
});

test("an owner under which the log loses its tail folds anew what is left", async () => {
  const world = new World();
  const nodes = NODES.map((id) => new ScriptedNode(id));
  await world.history(nodes, 0, 9);
  const worker = world.partitionWorker(0);
  let hasLost = false;
  await runUntil(worker, async () => {
    await world.clock.advance(50);
    if (hasLost) return (await world.store.committed("p0"))!.position === (await world.log.positions(EVENTS)).last;
    if (!(await reached(world, worker)())) return false;
    hasLost = true;
    world.log.loseTail(EVENTS, 17);
    await world.batch(nodes[0]!);
    return false;
  });
  const node = fromBinary(NodeViewSchema, (await world.store.get(world.keys.node(0, "b")))!);
  const kept = (await world.records(EVENTS)).filter(({ key }) => key === "b").length;
  assert.equal(Number(node.batches!.folded), kept);
});

test("an owner that another one has fenced off stops with an error and changes nothing", async () => {
  const world = await eventfulWorld();
  const worker = world.partitionWorker(0);
  const fenced = runUntil(worker, async () => {
    if (!(await reached(world, worker)())) return false;
    await world.store.claim("p0");
    return true;
  });
  await assert.rejects(fenced, { code: "STORE_FENCED" });
  assert.equal((await world.store.committed("p0"))!.position, 0);
});

test("what cannot be folded is put aside with its reason, and the fold goes on", async () => {
  const world = new World();
  const node = new ScriptedNode("a");
  await world.batch(node);
  const alien = new ScriptedNode("a").next(T0).payload.slice();
  alien[1] = 9; // The envelope's version, which is its first field.
  await world.append(0, "a", alien);
  const damaged = node.next(T0 + 10);
  const bytes = damaged.payload;
  const runs = damaged.batch.observation!.chunks[0]!.runs;
  const at = Buffer.from(bytes).indexOf(Buffer.from(runs));
  bytes.fill(0xff, at, at + runs.length);
  await world.append(0, "a", bytes);
  await world.batch(node);
  await foldAll(world);
  const letters = (await world.records({ kind: "dead" })).map(({ payload }) => fromBinary(DeadLetterSchema, payload));
  assert.deepEqual(
    letters.map(({ reason, position }) => [reason, position]),
    [
      [DeadLetterReason.UNKNOWN_VERSION, 2n],
      [DeadLetterReason.MALFORMED, 3n],
    ],
  );
  assert.deepEqual(Buffer.from(letters[0]!.payload), Buffer.from(alien));
  const view = fromBinary(NodeViewSchema, (await world.store.get(world.keys.node(0, "a")))!);
  assert.deepEqual([view.batches!.folded, view.batches!.dead], [2n, 1n]);
});

test("a node of another partition is put aside", async () => {
  const world = new World(2);
  const node = new ScriptedNode("a");
  const { payload } = node.next(T0);
  await world.append(0, "a", payload);
  await world.append(1, "a", payload);
  for (const partition of [0, 1]) {
    const worker = world.partitionWorker(partition);
    await runUntil(worker, () => (worker.state?.pending.position ?? 0) >= 1);
  }
  const letters = (await world.records({ kind: "dead" })).map(({ payload: bytes }) =>
    fromBinary(DeadLetterSchema, bytes),
  );
  assert.deepEqual(
    letters.map(({ reason }) => reason),
    [DeadLetterReason.WRONG_PARTITION],
  );
});

test("a full partition puts further nodes aside", async () => {
  const world = new World();
  for (const id of ["a", "b", "c"]) await world.batch(new ScriptedNode(id));
  const worker = world.partitionWorker(0, world.ports({ nodesPerPartitionMax: 2 }));
  await runUntil(worker, reached(world, worker));
  assert.equal((await world.records({ kind: "dead" })).length, 1);
  assert.deepEqual(await world.store.list(world.keys.nodeIndex(0)), ["a", "b"]);
});
