import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RedisGauges } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { RedisServer } from "@farmscope/testkit";
import { Redis } from "ioredis";
import { SILENT, testNode } from "../fixtures.ts";
import { REDIS_PERIOD_MS, RedisSampler } from "./redis-sampler.ts";

const missing = RedisServer.missing();
/** Turns of the event loop that a sample of a server on loopback may take; each waits a millisecond. */
const TURNS_MAX = 5_000;

/** Keys whose values are large enough that half of them, deleted, leave holes in the allocator's pages. */
async function fragment(url: string): Promise<void> {
  const redis = new Redis(url);
  for (let at = 0; at < 40_000; at += 1000) {
    const pipeline = redis.pipeline();
    for (let key = at; key < at + 1000; key++) pipeline.set(`key-${key}`, "x".repeat(1000));
    await pipeline.exec();
  }
  for (let at = 0; at < 40_000; at += 1000) {
    const keys = Array.from({ length: 1000 }, (_, key) => `key-${at + key}`);
    await redis.unlink(...keys.filter((_, index) => index % 8 !== 0));
  }
  redis.disconnect();
  // INFO tells what the server's own clock noticed last, ten times a second.
  await new Promise((resolve) => setTimeout(resolve, 500));
}

describe("The Redis sampler", { skip: missing === null ? false : `skipped: ${missing}` }, () => {
  async function sampler(urls: string) {
    const clock = new ManualClock();
    const samples: RedisGauges[] = [];
    const stop = new AbortController();
    const give = (gauges: RedisGauges): void => void samples.push(gauges);
    const running = new RedisSampler({ watch: urls, node: testNode(), clock, logger: SILENT, give }).run(stop.signal);
    const next = async (count: number): Promise<RedisGauges[]> => {
      for (let turn = 0; samples.length < count && turn < TURNS_MAX; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.equal(samples.length, count);
      return samples.splice(0);
    };
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
    };
    return { clock, next, end };
  }

  test("a real server's fragmentation is sampled on the period, and rises when holes are made", async () => {
    await using server = await RedisServer.start();
    const { clock, next, end } = await sampler(server.url);
    const [before] = await next(1);
    assert.equal(before!.addr, server.url.replace("redis://", ""));
    assert.equal(before!.role, "master");
    assert.ok(before!.answered && before!.usedMemory > 0n);
    await fragment(server.url);
    await clock.advance(REDIS_PERIOD_MS);
    const [after] = await next(1);
    const ratio = Number(after!.usedMemoryRss) / Number(after!.usedMemory);
    assert.ok(Math.abs(after!.memFragmentationRatio - ratio) < 0.2, `${after!.memFragmentationRatio} against ${ratio}`);
    assert.ok(after!.memFragmentationRatio > 1.5, `${after!.memFragmentationRatio}`);
    assert.ok(after!.memFragmentationBytes > before!.memFragmentationBytes);
    await end();
  });

  test("a server that is away is counted and never fatal, and is sampled again when it is back", async () => {
    await using server = await RedisServer.start();
    const { clock, next, end } = await sampler(`redis://127.0.0.1:1,${server.url}`);
    const first = await next(2);
    const away = first.find(({ addr }) => addr === "127.0.0.1:1")!;
    assert.deepEqual([away.answered, away.failures, away.usedMemory], [false, 1n, 0n]);
    await server.kill();
    await clock.advance(REDIS_PERIOD_MS);
    assert.deepEqual(
      (await next(2)).map(({ answered }) => answered),
      [false, false],
    );
    await server.start();
    await clock.advance(REDIS_PERIOD_MS);
    const back = (await next(2)).find(({ addr }) => addr !== "127.0.0.1:1")!;
    assert.deepEqual([back.answered, back.failures], [true, 1n]);
    await end();
  });
});
