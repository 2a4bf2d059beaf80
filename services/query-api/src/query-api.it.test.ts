import assert from "node:assert/strict";
import { it } from "node:test";
import { openCoordination } from "@farmscope/coordination";
import { openLog } from "@farmscope/log";
import { createLogger, SystemClock } from "@farmscope/runtime";
import { openStore } from "@farmscope/store";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { fill } from "./fixtures.ts";
import { createQueryApi } from "./query-api.ts";
import type { ReadyAnswer, StatusAnswer } from "./schemas/index.ts";

const clock = new SystemClock();
const logger = createLogger("test", "silent");
const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;

it("starts without its servers, says what is missing, serves when they come, and says so when one goes", {
  skip,
}, async () => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  await Promise.all([nats.stop(), redis.stop()]);

  const settings = { url: nats.url, namespace: "fs", partitions: 4, replicas: 1, bytesMax: 2 ** 26, clock, logger };
  const log = openLog({ kind: "jetstream", ...settings });
  const coordination = openCoordination({ kind: "nats", ...settings });
  const store = await openStore({ url: redis.url, namespace: "fs", clock, logger });
  const config = { http: "127.0.0.1:0", namespace: "fs", partitions: 4, tokensFile: "" };
  const api = createQueryApi({ log, store, coordination, clock, logger, config });
  const address = await api.start();
  const controller = new AbortController();
  const running = api.run(controller.signal);

  /** What /readyz says, by check; waits until it is as wanted. */
  const readiness = async (log: boolean, store: boolean): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const response = await fetch(`${address}/readyz`);
      const { ready, checks } = (await response.json()) as ReadyAnswer;
      assert.equal(response.status, ready ? 200 : 503);
      const seen = checks.map((check) => check.ready);
      if (seen[0] === log && seen[1] === store) return;
      assert.ok(tries < 100, `log ${seen[0]}, store ${seen[1]}`);
      await clock.sleep(100);
    }
  };
  const status = async (path: string): Promise<number> => (await fetch(`${address}${path}`)).status;

  try {
    await readiness(false, false);
    assert.equal(await status("/livez"), 200);
    assert.equal(await status("/api/v1/nodes/a"), 503);
    assert.equal(await status("/api/v1/status"), 200);
    await nats.start();
    await redis.start();
    await log.ensureStreams();
    await readiness(true, true);
    await fill(store);
    assert.equal(await status("/api/v1/nodes/a"), 200);
    assert.equal(await status("/api/v1/alerts"), 200);
    const read = async () => (await (await fetch(`${address}/api/v1/status`)).json()) as StatusAnswer;
    assert.equal((await read()).nodes.known, 2);
    for (let tries = 0; (await read()).members.length === 0; tries++) {
      assert.ok(tries < 100, "it is announced once the coordination service is there");
      await clock.sleep(100);
    }
    assert.deepEqual((await read()).members, [{ id: address, role: "query-api" }]);
    await redis.kill();
    await readiness(true, false);
    await redis.start();
    await readiness(true, true);
    assert.equal(await status("/api/v1/nodes/a"), 200);
  } finally {
    controller.abort();
    await running;
    await Promise.all([log.close(), store.close(), coordination.close()]);
  }
});
