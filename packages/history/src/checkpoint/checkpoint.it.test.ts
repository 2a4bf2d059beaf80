import assert from "node:assert/strict";
import { test } from "node:test";
import { JetStreamLog } from "@farmscope/log";
import { SystemClock } from "@farmscope/runtime";
import { NatsServer } from "@farmscope/testkit";
import { LogWorld } from "../fixtures/log-world.ts";
import { PartitionRun } from "../fixtures/partition-run.ts";
import { ScriptedNode } from "../fixtures/scripted-node.ts";

const AT_ONCE = {
  checkpointIntervalMs: 0,
  checkpointIntervalMsMin: 0,
  checkpointIntervalMsMax: 0,
  checkpointSliceMs: 1_000,
};

test("checkpoints in JetStream are found, the newest and those before it, and give the same state", {
  skip: NatsServer.missing() ?? false,
  timeout: 60_000,
}, async (context) => {
  const server = await NatsServer.start();
  context.after(() => server.stop());
  const options = { namespace: "ckpt", partitions: 1, bytesMax: 2 ** 28, replicas: 1 };
  const log = new JetStreamLog({ ...options, url: server.url, clock: new SystemClock() });
  context.after(() => log.close());
  await log.ensureStreams();
  const world: LogWorld = Object.assign(Object.create(new LogWorld()), { log });
  const node = new ScriptedNode("a");
  for (let second = 0; second < 30; second++) {
    await world.at(second);
    await world.batch(node);
    await world.tick();
  }
  const run = await PartitionRun.begin(world, 0, AT_ONCE);
  for (const position of [20, 40]) await run.foldThrough(position, () => position, true);
  const whole = await PartitionRun.begin(world);
  await whole.foldThrough(60, () => 60, false);
  const found: number[] = [];
  for (const committed of [19, 39, 60]) {
    const resumed = await PartitionRun.begin(world, committed);
    found.push(resumed.restored.from);
    await resumed.foldThrough(60, () => 60, false);
    assert.deepEqual(resumed.outcome(), whole.outcome());
  }
  assert.equal(found[0], 1);
  assert.ok(found[1]! > 1 && found[1]! <= 40 && found[2]! > found[1]!, `${found}`);
});
