import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { JetStreamLog, MemoryLog } from "@farmscope/log";
import type { Batch } from "@farmscope/proto";
import { SystemClock } from "@farmscope/runtime";
import { NatsServer } from "@farmscope/testkit";
import { Emitter } from "./app.ts";
import { canonicalStream, decodeBatch, recordsOf, SILENT } from "./fixtures.ts";
import { SyntheticSource } from "./source/synthetic/index.ts";

const missing = NatsServer.missing();
const clock = new SystemClock();
const EVENTS = 60_000;

function source(): SyntheticSource {
  return new SyntheticSource({ clock, seed: 21, nodes: 1, memoryBytes: 2 ** 24, rate: 20_000, eventsPerNode: EVENTS });
}

/** The batches as a reader folds them: each once, in the order of their numbers. */
function inOrder(batches: readonly Batch[]): Batch[] {
  const bySeq = new Map(batches.map((batch) => [batch.identity?.seq ?? 0, batch]));
  return [...bySeq].sort(([a], [b]) => a - b).map(([, batch]) => batch);
}

describe("the emitter on JetStream", { skip: missing === null ? false : `skipped: ${missing}` }, () => {
  test("a broker that is killed and comes back costs no event", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "farmscope-emitter-"));
    await using server = await NatsServer.start();
    const log = new JetStreamLog({
      url: server.url,
      namespace: "fs",
      partitions: 1,
      bytesMax: 2 ** 28,
      replicas: 1,
      clock,
    });
    const emitter = new Emitter({ log, clock, logger: SILENT, source: source(), farm: "f", partitions: 1, dataDir });
    const running = emitter.run(new AbortController().signal);
    await clock.sleep(1_000);
    await server.kill();
    await clock.sleep(800);
    await server.start();
    await running;
    const batches = inOrder((await recordsOf(log, 0)).map(({ payload }) => decodeBatch(payload)));
    await log.close();

    const calmLog = new MemoryLog({ clock, partitions: 1 });
    const calm = new SyntheticSource({
      clock,
      seed: 21,
      nodes: 1,
      memoryBytes: 2 ** 24,
      rate: 0,
      eventsPerNode: EVENTS,
    });
    const options = { log: calmLog, clock, logger: SILENT, source: calm, farm: "f", partitions: 1, dataDir };
    await new Emitter(options).run(new AbortController().signal);
    const undisturbed = (await recordsOf(calmLog, 0)).map(({ payload }) => decodeBatch(payload));
    await rm(dataDir, { recursive: true });

    assert.deepEqual(
      batches.map(({ identity }) => identity?.seq),
      batches.map((_, index) => index),
    );
    assert.deepEqual(canonicalStream(batches), canonicalStream(undisturbed));
    const [, append] = emitter.status.stages;
    assert.deepEqual([append.out, append.dropped, append.held], [append.in, 0, 0]);
  });
});
