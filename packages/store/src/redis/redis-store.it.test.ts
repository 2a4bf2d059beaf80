import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLogger, retrying, SystemClock } from "@farmscope/runtime";
import { answers, LocalServer, RedisServer } from "@farmscope/testkit";
import { Redis } from "ioredis";
import { COMMIT_WRITES_MAX } from "../commit-bounds.ts";
import { storeContract } from "../contract.ts";
import { next, until } from "../contract-helpers.ts";
import { Keys } from "../keys.ts";
import type { CommitNotice } from "../port.ts";
import { openStore, type RedisStore } from "./redis-store.ts";

const clock = new SystemClock();
const logger = createLogger("test", "silent");
const skip = RedisServer.missing() ?? false;
const open = (url: string, namespace: string): Promise<RedisStore> => openStore({ url, namespace, clock, logger });

/** A server that serves every slot and, as a cluster does, refuses whatever spans two or touches an undeclared key. */
class ClusterServer extends LocalServer {
  constructor() {
    super({
      name: "redis-server",
      requiredAs: "redis",
      overrideName: "FARMSCOPE_REDIS_SERVER",
      scheme: "redis",
      configure: ({ dataDir, port }) =>
        `--bind 127.0.0.1 --port ${port} --dir ${dataDir} --cluster-enabled yes`.split(" "),
      isReady: (port) => answers(port, "PING\r\n", "+PONG"),
    });
  }

  override async start(): Promise<void> {
    await super.start();
    const redis = new Redis(this.url);
    await redis.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until(async () => String(await redis.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    redis.disconnect();
  }
}

for (const [kind, server] of [
  ["Redis", new RedisServer({ appendOnly: false })],
  ["Redis Cluster", new ClusterServer()],
] as const) {
  describe(`against a real ${kind} server`, { skip }, () => {
    const stores: RedisStore[] = [];
    before(async () => {
      await server.start();
    });
    after(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await server[Symbol.asyncDispose]();
    });
    storeContract(kind, {
      open: async (namespace) => {
        const store = await open(server.url, namespace);
        stores.push(store);
        return store;
      },
      pass: (ms) => clock.sleep(ms),
    });
  });
}

describe("what a Redis server may do to its owners", { skip }, () => {
  const server = new RedisServer();
  const keys = new Keys("faults");
  let store: RedisStore;
  let direct: Redis;
  before(async () => {
    await server.start();
    direct = new Redis(server.url);
    direct.on("error", () => undefined);
  });
  after(async () => {
    direct.disconnect();
    await server[Symbol.asyncDispose]();
  });

  /** Opens a store, hands it out and closes it. */
  async function using(work: () => Promise<void>): Promise<void> {
    await direct.flushall();
    store = await open(server.url, "faults");
    try {
      await work();
    } finally {
      await store.close();
    }
  }

  it("refuses an owner of before when everything was lost, even at the same epoch and position", () =>
    using(async () => {
      const old = await store.claim("p0");
      await direct.flushall();
      assert.equal(await store.commit("p0", next(old)), "incarnation-changed");
      const present = await store.claim("p0");
      assert.equal(present.epoch, old.epoch);
      assert.notEqual(present.incarnation, old.incarnation);
      assert.equal(await store.commit("p0", next(old)), "incarnation-changed");
      assert.equal(await store.commit("p0", next(present)), "committed");
    }));

  it("refuses an owner of before when only its shard was lost and the global incarnation was not", () =>
    using(async () => {
      const zombie = await open(server.url, "faults");
      const old = await zombie.claim("p0");
      await direct.del(keys.owner("p0"));
      assert.equal(await zombie.commit("p0", next(old)), "incarnation-changed");
      const present = await store.claim("p0");
      assert.deepEqual(present, old);
      assert.equal(await zombie.commit("p0", next(old)), "fenced");
      assert.equal(await store.commit("p0", next(present)), "committed");
      await zombie.close();
    }));

  it("refuses an owner whose claim was forgotten by a server that came back from an older copy", () =>
    using(async () => {
      await store.claim("p0");
      const copy = await direct.dumpBuffer(keys.owner("p0"));
      const zombie = await open(server.url, "faults");
      const forgotten = await zombie.claim("p0");
      await direct.restore(keys.owner("p0"), 0, copy as Buffer, "REPLACE");
      assert.equal(await zombie.commit("p0", next(forgotten)), "fenced");
      const present = await store.claim("p0");
      assert.deepEqual(present, forgotten);
      assert.equal(await zombie.commit("p0", next(forgotten)), "fenced");
      assert.equal(await store.commit("p0", next(present)), "committed");
      await zombie.close();
    }));

  it("refuses an owner of before when the global incarnation was lost and the scope was not", () =>
    using(async () => {
      const old = await store.claim("p0");
      await store.commit("p0", next(old));
      await direct.del(keys.incarnation());
      const present = await store.claim("p0");
      assert.notEqual(present.incarnation, old.incarnation);
      assert.deepEqual([present.epoch, present.position], [2, 1]);
      assert.equal(await store.commit("p0", next({ ...old, position: 1 })), "incarnation-changed");
      assert.equal(await store.commit("p0", next(present)), "committed");
    }));

  it("sends the scripts anew to a server that has forgotten them", () =>
    using(async () => {
      await direct.script("FLUSH");
      const claim = await store.claim("p0");
      await direct.script("FLUSH");
      const commits = [0, 1, 2].map((position) => store.commit("p0", next({ ...claim, position })));
      assert.deepEqual(await Promise.all(commits), ["committed", "committed", "committed"]);
    }));

  it("writes as many views and windows in one commit as the bounds allow", () =>
    using(async () => {
      const value = new Uint8Array(100);
      const puts = Array.from({ length: COMMIT_WRITES_MAX }, (_, i) => ({ key: keys.node(0, `n${i}`), value }));
      assert.equal(await store.commit("p0", next(await store.claim("p0"), { puts })), "committed");
      assert.equal((await store.list(keys.nodeIndex(0))).length, COMMIT_WRITES_MAX);
      const claim = await store.claim("p0");
      const over = [...puts, { key: keys.node(0, "one more"), value }];
      await assert.rejects(store.commit("p0", next(claim, { puts: over })), { code: "STORE_COMMIT_TOO_LARGE" });
    }));

  it("says what an operator should know of the server", () =>
    using(async () => {
      await direct.config("SET", "maxmemory-policy", "allkeys-lru");
      const description = await store.describe();
      await direct.config("SET", "maxmemory-policy", "noeviction");
      assert.match(description.version, /^7\./);
      assert.equal(description.connected, true);
      assert.match(description.warnings.join(), /maxmemory-policy is allkeys-lru/);
    }));

  it("loses nothing that was committed when it is killed and restarted in the middle of a stream of commits", () =>
    using(async () => {
      await direct.config("SET", "appendfsync", "always");
      const heard: CommitNotice[] = [];
      await store.watch((notice) => heard.push(notice));
      let interrupted = 0;
      let claim = await store.claim("p0");
      const commitTo = async (position: number): Promise<void> => {
        while (claim.position < position) {
          const put = { key: keys.node(0, "n"), value: Uint8Array.of(claim.position + 1) };
          try {
            assert.equal(await store.commit("p0", next(claim, { puts: [put] })), "committed");
            claim = { ...claim, position: claim.position + 1 };
          } catch (error) {
            interrupted++;
            assert.equal((error as { code?: string }).code, "STORE_UNAVAILABLE");
            claim = await retrying(clock, () => store.claim("p0"), { firstMs: 20, maxMs: 100 });
          }
        }
      };
      await commitTo(20);
      const rest = commitTo(200);
      await until(async () => claim.position >= 25);
      await server.kill();
      assert.equal((await store.describe()).connected, false);
      await assert.rejects(store.get(keys.node(0, "n")), { code: "STORE_UNAVAILABLE", retriable: true });
      await server.start();
      await rest;
      assert.ok(interrupted >= 1);
      assert.equal((await store.committed("p0"))?.position, 200);
      assert.deepEqual(await store.get(keys.node(0, "n")), Uint8Array.of(200));
      await until(async () => {
        await commitTo(claim.position + 1);
        return heard.some((notice) => notice.position > 200);
      });
    }));

  it("opens while the server is away and works when it comes", () =>
    using(async () => {
      await server.stop();
      const early = await open(server.url, "faults");
      await assert.rejects(early.claim("p0"), { code: "STORE_UNAVAILABLE", retriable: true });
      const heard: CommitNotice[] = [];
      await early.watch((notice) => heard.push(notice));
      await server.start();
      const claim = await retrying(clock, () => early.claim("p5"), { firstMs: 20, maxMs: 100 });
      let position = 0;
      await until(async () => {
        if ((await early.commit("p5", next({ ...claim, position }))) === "committed") position++;
        return heard.length > 0;
      });
      await early.close();
      await assert.rejects(early.claim("p0"), { code: "STORE_UNAVAILABLE" });
    }));
});
