import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { freePort, RedisServer } from "@farmscope/testkit";
import { Redis } from "ioredis";
import { CONTRACT_TTL_MS, coordinationContract } from "../contract.ts";
import { openCoordination } from "../open.ts";
import type { Coordination } from "../port.ts";

const missing = RedisServer.missing();
const clock = new SystemClock();

function open(url: string, namespace: string, ttlMs = CONTRACT_TTL_MS): Coordination {
  return openCoordination({ kind: "redis", url, namespace, ttlMs, replicas: 1, clock });
}

async function loseEverything(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}

describe("Coordination by Redis", { skip: missing === null ? false : `skipped: ${missing}`, timeout: 60_000 }, () => {
  let server: RedisServer;
  let opened = 0;

  before(async () => {
    server = await RedisServer.start();
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

  test("When the server lost its data, no old lease is taken for the new one of another holder.", async () => {
    await using forgetful = await RedisServer.start();
    const coordination = open(forgetful.url, "lost", 30_000);
    const lease = await coordination.acquire("p0", "a");
    await loseEverything(forgetful.url);
    assert.equal((await coordination.holders("")).size, 0);
    const other = await coordination.acquire("p0", "b");
    assert.equal(await lease?.renew(), false);
    await lease?.release();
    assert.equal(await other?.renew(), true);
    await coordination.close();
  });

  test("What has expired leaves nothing behind.", async () => {
    await using small = await RedisServer.start();
    const coordination = open(small.url, "tidy");
    for (let index = 0; index < 50; index++) await coordination.announce({ id: `m${index}`, role: "r" });
    await clock.sleep(CONTRACT_TTL_MS + 200);
    assert.deepEqual(await coordination.members("r"), []);
    const redis = new Redis(small.url);
    assert.deepEqual(await redis.keys("*"), ["{tidy-coordination}:revision"]);
    redis.disconnect();
    await coordination.close();
  });

  test("A lease outlives a crash of the server, if it comes back in time.", async () => {
    await using mortal = await RedisServer.start();
    const coordination = open(mortal.url, "crash", 30_000);
    const lease = await coordination.acquire("p0", "a");
    // The append-only file is forced to disk every second; a killed process loses only what it had not handed over.
    await mortal.kill();
    await assert.rejects(async () => await lease?.renew(), { code: "COORDINATION_UNAVAILABLE", retriable: true });
    await mortal.start();
    assert.equal(await retrying(clock, async () => await lease?.renew(), { maxMs: 200 }), true);
    assert.equal(await coordination.acquire("p0", "b"), null);
    await coordination.close();
  });

  test("While the server is away at the start everything fails as retriable; when it comes all goes well.", async () => {
    const port = await freePort();
    const coordination = open(`redis://127.0.0.1:${port}`, "late");
    const retriable = { code: "COORDINATION_UNAVAILABLE", retriable: true };
    await assert.rejects(coordination.acquire("p0", "a"), retriable);
    await assert.rejects(coordination.members("r"), retriable);
    await using late = await RedisServer.start({ port });
    assert.ok(late.pid);
    assert.notEqual(await coordination.acquire("p0", "a"), null);
    await coordination.close();
  });

  test("A URL that is none is refused at once, and not repeated.", () => {
    assert.throws(
      () => open("http://user:secret@host", "x"),
      (error: Error & { code?: string }) => error.code === "CONFIG_INVALID" && !error.message.includes("secret"),
    );
  });
});
