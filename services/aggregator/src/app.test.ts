import assert from "node:assert/strict";
import { test } from "node:test";
import { type Coordination, openCoordination } from "@farmscope/coordination";
import { partitionOf } from "@farmscope/domain";
import { ScriptedNode } from "@farmscope/history/fixtures";
import {
  ControlRecordSchema,
  create,
  fromBinary,
  NodeViewSchema,
  PageMapViewSchema,
  toBinary,
  ViewRecordSchema,
} from "@farmscope/proto";
import { Aggregator } from "./app.ts";
import { canonicalHash } from "./canonical-hash.ts";
import { settle, World } from "./fixtures/world.ts";

const PARTITIONS = 4;
const NODES = ["a", "b", "c", "d", "e", "f", "g", "h"];

interface Replica {
  readonly app: Aggregator;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** A fleet of scripted nodes and any number of aggregators, driven second by second. */
class Fleet {
  readonly world = new World(PARTITIONS);
  readonly coordination: Coordination;
  readonly nodes = NODES.map((id) => new ScriptedNode(id));
  #second = 0;

  constructor() {
    const { clock } = this.world;
    this.coordination = openCoordination({ kind: "memory", url: "", namespace: "fs", replicas: 1, clock });
  }

  start(replicaId: string, coordination = this.coordination): Replica {
    const { log, store, clock, logger } = this.world;
    const options = { log, store, coordination, clock, logger, partitions: PARTITIONS, namespace: "fs", replicaId };
    const app = new Aggregator(options);
    const stop = new AbortController();
    return { app, stop, ended: app.run(stop.signal) };
  }

  /** Passes seconds; in each of them every node sends a batch, while there are any to send. */
  async pass(seconds: number, speaking = true): Promise<void> {
    for (const end = this.#second + seconds; this.#second < end; this.#second++) {
      if (speaking) for (const node of this.nodes) await this.world.batch(node);
      for (let step = 0; step < 4; step++) {
        await this.world.clock.advance(250);
        await settle(30);
      }
    }
  }

  async focus(until: number): Promise<void> {
    for (const node of NODES) {
      const focus = { node, untilMs: BigInt(this.world.clock.nowMs() + until) };
      const record = create(ControlRecordSchema, { version: 1, body: { case: "focus", value: focus } });
      await this.world.log.append({ kind: "control" }, node, toBinary(ControlRecordSchema, record));
    }
  }

  async hash(): Promise<string> {
    const { store, keys } = this.world;
    const nodes = NODES.map(async (id) => {
      const partition = partitionOf(id, PARTITIONS);
      const node = fromBinary(NodeViewSchema, (await store.get(keys.node(partition, id)))!);
      const map = fromBinary(PageMapViewSchema, (await store.get(keys.pageMap(partition, id)))!);
      assert.equal(map.position, node.position);
      return { node, map };
    });
    return canonicalHash(await Promise.all(nodes));
  }
}

/**
 * A coordination that is cut off from its replica, which does not notice: its leases expire, while its workers go on
 * until the store fences them.
 */
function cutOff(coordination: Coordination, isCut: () => boolean): Coordination {
  const unless = async <T>(call: () => Promise<T>, silence: T): Promise<T> => (isCut() ? silence : call());
  return {
    ttlMs: coordination.ttlMs,
    acquire: async (name, holder) => {
      const lease = await unless(() => coordination.acquire(name, holder), null);
      if (lease === null) return null;
      const renew = (): Promise<boolean> => unless(() => lease.renew(), true);
      const release = (): Promise<void> => unless(() => lease.release(), undefined);
      return { name: lease.name, holder: lease.holder, renew, release };
    },
    holders: (prefix) => coordination.holders(prefix),
    announce: (member) => unless(() => coordination.announce(member), undefined),
    withdraw: (member) => unless(() => coordination.withdraw(member), undefined),
    members: (role) => coordination.members(role),
    close: async () => {},
  };
}

const ALL = ["m0", "m1", "m2", "m3", "p0", "p1", "p2", "p3"];

test("one aggregator owns everything, follows the nodes and closes farms' windows", async () => {
  const fleet = new Fleet();
  const only = fleet.start("one");
  await fleet.pass(30);
  assert.deepEqual(only.app.owned(), ALL);
  const views = (await fleet.world.records({ kind: "view" })).map(({ payload }) =>
    fromBinary(ViewRecordSchema, payload),
  );
  const ids = views.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const farms = views.flatMap(({ body }) => (body.case === "farm" ? [body.value] : []));
  assert.ok(farms.length >= 2);
  assert.equal(farms.at(-1)!.nodes.length, NODES.length);
  assert.deepEqual(farms.at(-1)!.partitionsMissing, []);
  only.stop.abort();
  await only.ended;
  assert.deepEqual(await fleet.coordination.holders(""), new Map());
});

test("two aggregators share the partitions, and one that stops hands its share over", async () => {
  const fleet = new Fleet();
  const first = fleet.start("one");
  await fleet.pass(3);
  const second = fleet.start("two");
  await fleet.pass(8);
  assert.equal(first.app.owned().length, 4);
  assert.deepEqual([...first.app.owned(), ...second.app.owned()].sort(), ALL);
  first.stop.abort();
  await first.ended;
  await fleet.pass(4);
  assert.deepEqual(second.app.owned(), ALL);
  second.stop.abort();
  await second.ended;
});

test("an aggregator that is cut off is taken over, and the fold comes out as if nothing had happened", async () => {
  const hashes: string[] = [];
  for (const cutsOff of [false, true]) {
    const fleet = new Fleet();
    let cut = false;
    const first = fleet.start(
      "one",
      cutOff(fleet.coordination, () => cut),
    );
    await fleet.pass(12);
    cut = cutsOff;
    const second = fleet.start("two");
    await fleet.pass(15);
    await fleet.focus(30_000);
    await fleet.pass(5, false);
    if (cutsOff) assert.deepEqual(second.app.owned(), ALL);
    hashes.push(await fleet.hash());
    first.stop.abort();
    second.stop.abort();
    await Promise.all([first.ended, second.ended]);
  }
  assert.equal(hashes[1], hashes[0]);
});
