import assert from "node:assert/strict";
import { test } from "node:test";
import { openCoordination } from "@farmscope/coordination";
import { partitionOf } from "@farmscope/domain";
import { ScriptedNode } from "@farmscope/history/fixtures";
import { openLog } from "@farmscope/log";
import { fromBinary, NodeViewSchema } from "@farmscope/proto";
import { createLogger, SystemClock } from "@farmscope/runtime";
import { Keys, openStore } from "@farmscope/store";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { Aggregator } from "./app.ts";

const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;
const PARTITIONS = 2;
const NODES = ["a", "b", "c", "d"];
const LEASE_MS = 1_000;
const DEADLINE_MS = 30_000;

const clock = new SystemClock();
const logger = createLogger("test", "silent");

/** What one replica has of its own: connections to the servers, and the service. */
async function replica(replicaId: string, natsUrl: string, redisUrl: string) {
  const shared = { url: natsUrl, namespace: "fs", replicas: 1, clock, logger };
  const log = openLog({ ...shared, kind: "jetstream", partitions: PARTITIONS, bytesMax: 2 ** 26 });
  const coordination = openCoordination({ ...shared, kind: "nats", ttlMs: LEASE_MS });
  const store = await openStore({ url: redisUrl, namespace: "fs", clock, logger });
  const options = { log, store, coordination, clock, logger, partitions: PARTITIONS, namespace: "fs", replicaId };
  const app = new Aggregator(options);
  const stop = new AbortController();
  const ended = app.run(stop.signal);
  const close = async (): Promise<void> => {
    stop.abort();
    await ended;
    await Promise.all([log.close(), store.close(), coordination.close()]);
  };
  return { app, log, store, close };
}

async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = clock.monotonicMs() + DEADLINE_MS;
  while (!(await condition())) {
    assert.ok(clock.monotonicMs() < endMs, `${what} within ${DEADLINE_MS} ms`);
    await clock.sleep(50);
  }
}

test("two aggregators on NATS and Redis share the partitions, and one goes on where the other stopped", {
  skip,
}, async () => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  const one = await replica("one", nats.url, redis.url);
  const two = await replica("two", nats.url, redis.url);
  const keys = new Keys("fs");
  const nodes = NODES.map((id) => new ScriptedNode(id));
  const publish = async (batches: number): Promise<void> => {
    for (let batch = 0; batch < batches; batch++) {
      for (const node of nodes) {
        const { payload } = node.next(clock.nowMs());
        await two.log.append({ kind: "event", partition: partitionOf(node.id, PARTITIONS) }, node.id, payload);
      }
    }
  };
  const folded = async (batches: bigint): Promise<boolean> => {
    const views = await two.store.getMany(NODES.map((id) => keys.node(partitionOf(id, PARTITIONS), id)));
    return views.every((bytes) => bytes !== null && fromBinary(NodeViewSchema, bytes).batches!.folded === batches);
  };
  await eventually("both own half", () => one.app.owned().length === 2 && two.app.owned().length === 2);
  await publish(10);
  await eventually("ten batches of each node are folded", () => folded(10n));
  await one.close();
  await publish(5);
  await eventually("the other one took over", () => two.app.owned().length === 4);
  await eventually("fifteen batches of each node are folded", () => folded(15n));
  await two.close();
});
