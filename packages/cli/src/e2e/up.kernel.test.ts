import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@farmscope/log";
import { whyNoBpf } from "@farmscope/node-emitter/bpf";
import { createLogger, SystemClock } from "@farmscope/runtime";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { CliProcess } from "./harness.ts";

const reason = await whyNoBpf();
if (reason !== null && (process.env["FARMSCOPE_REQUIRE"] ?? "").includes("bpf")) throw new Error(reason);
const skip = reason ?? false;

test("up on this kernel folds everything it sees, loses nothing, and its page map is the kernel's", {
  skip,
}, async () => {
  await using nats = await NatsServer.start();
  await using redis = await RedisServer.start();
  await using up = await CliProcess.start(["up", "--for", "20", "--json"], {
    FARMSCOPE_NATS_URL: nats.url,
    FARMSCOPE_REDIS_URL: redis.url,
  });
  const summary = await up.summary();
  const { events } = summary;
  assert.equal(summary.source, "bpf");
  assert.ok(events.folded > 10_000, JSON.stringify(events));
  assert.equal(events.in, events.folded + events.dropped + events.lost + events.held);
  assert.equal(events.lost, 0);
  assert.equal(events.held, 0);
  assert.ok(summary.right_ratio !== null && summary.right_ratio >= 0.999, `right_ratio ${summary.right_ratio}`);
  assert.ok(summary.windows_closed >= 1);
  assert.equal(summary.batches.folded, summary.batches.published);
  assert.equal(
    await lastSequences(nats.url),
    summary.batches.published,
    "the streams' last sequences, read from outside",
  );
});

/** Sum of the last sequences of the event streams. */
async function lastSequences(url: string): Promise<number> {
  const log = await openLog({
    kind: "jetstream",
    url,
    namespace: "fs",
    partitions: 4,
    bytesMax: 4 * 2 ** 30,
    replicas: 1,
    clock: new SystemClock(),
    logger: createLogger("test", "silent"),
  });
  try {
    const positions = await Promise.all([0, 1, 2, 3].map((partition) => log.positions({ kind: "event", partition })));
    return positions.reduce((sum, position) => sum + position.last, 0);
  } finally {
    await log.close();
  }
}
