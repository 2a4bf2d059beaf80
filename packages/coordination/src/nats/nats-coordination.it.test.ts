import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { freePort, NATS_VERSIONS, NatsServer } from "@farmscope/testkit";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { CONTRACT_TTL_MS, coordinationContract } from "../contract.ts";
import { openCoordination } from "../open.ts";
import type { Coordination } from "../port.ts";

const clock = new SystemClock();

function open(url: string, namespace: string, ttlMs = CONTRACT_TTL_MS): Coordination {
  return openCoordination({ kind: "nats", url, namespace, ttlMs, replicas: 1, clock });
}

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`Coordination by NATS, ${version} server`, {
    skip: missing === null ? false : `skipped: ${missing}`,
    timeout: 60_000,
  }, () => {
    let server: NatsServer;
    let opened = 0;

    before(async () => {
      server = await NatsServer.start({ version });
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
    });

    coordinationContract("The contract", { open: async () => open(server.url, `t${++opened}`) });

    test("Two replicas on two connections share one set of leases and members.", async () => {
      const [one, two] = [open(server.url, "shared"), open(server.url, "shared")];
      const lease = await one.acquire("p0", "one");
      assert.equal(await two.acquire("p0", "two"), null);
      assert.equal((await two.holders("p")).get("p0"), "one");
      await one.announce({ id: "one", role: "r" });
      assert.equal((await two.members("r")).length, 1);
      await lease?.release();
      assert.notEqual(await two.acquire("p0", "two"), null);
      await one.close();
      await two.close();
    });

    test("A bucket that was lost is made anew: its leases are lost, and can be had again.", async () => {
      const coordination = open(server.url, "lost");
      const lease = await coordination.acquire("p0", "a");
      const loseBucket = async (): Promise<void> => {
        const connection = await connect({ servers: server.url });
        await (await jetstreamManager(connection)).streams.delete("KV_lost-coordination");
        await connection.close();
      };
      await loseBucket();
      assert.equal(await lease?.renew(), false);
      assert.notEqual(await coordination.acquire("p0", "b"), null);
      await loseBucket();
      assert.equal((await coordination.holders("")).size, 0);
      await loseBucket();
      await coordination.announce({ id: "x", role: "r" });
      assert.equal((await coordination.members("r")).length, 1);
      await coordination.close();
    });

    test("Another time to live is taken over by the bucket.", async () => {
      const first = open(server.url, "ttl", 60_000);
      await first.acquire("p0", "a");
      await first.close();
      const second = open(server.url, "ttl", 2_000);
      assert.equal(await second.acquire("p0", "b"), null);
      assert.equal(second.ttlMs, 2_000);
      const connection = await connect({ servers: server.url });
      const { config } = await (await jetstreamManager(connection)).streams.info("KV_ttl-coordination");
      assert.equal(config.max_age, 2_000 * 1e6);
      await connection.close();
      await second.close();
    });

    test("A lease outlives a crash of the server, if it comes back in time.", async () => {
      await using mortal = await NatsServer.start({ version });
      const coordination = open(mortal.url, "crash", 30_000);
      const lease = await coordination.acquire("p0", "a");
      await mortal.kill();
      await assert.rejects(async () => await lease?.renew(), { code: "COORDINATION_UNAVAILABLE", retriable: true });
      await mortal.start();
      assert.equal(await retrying(clock, async () => await lease?.renew(), { maxMs: 200 }), true);
      assert.equal(await coordination.acquire("p0", "b"), null);
      await coordination.close();
    });

    test("While the server is away at the start everything fails as retriable; when it comes all goes well.", async () => {
      const port = await freePort();
      const coordination = open(`nats://127.0.0.1:${port}`, "late");
      const retriable = { code: "COORDINATION_UNAVAILABLE", retriable: true };
      await assert.rejects(coordination.acquire("p0", "a"), retriable);
      await assert.rejects(coordination.members("r"), retriable);
      await using late = await NatsServer.start({ version, port });
      assert.ok(late.pid);
      assert.notEqual(await coordination.acquire("p0", "a"), null);
      await coordination.close();
    });
  });
}
