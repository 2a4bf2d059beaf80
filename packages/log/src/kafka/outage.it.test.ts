import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { freePort, KafkaServer } from "@farmscope/testkit";
import type { EventLog, LogReader, StreamName } from "../port.ts";
import { KafkaLog } from "./kafka-log.ts";

const missing = KafkaServer.missing();
const clock = new SystemClock();
const EVENTS: StreamName = { kind: "event", partition: 0 };
const AWAY = { code: "LOG_UNAVAILABLE", retriable: true };

function open(url: string): KafkaLog {
  return new KafkaLog({ url, namespace: "fs", partitions: 1, bytesMax: 256 * 2 ** 20, replicas: 1, clock });
}

/** Appends as the services do: with an id, again and again until it is acknowledged. */
function appendForSure(log: EventLog, key: string, id: string): Promise<number> {
  const payload = new TextEncoder().encode(id.padEnd(2_000));
  return retrying(clock, () => log.append(EVENTS, key, payload, { id }), { firstMs: 50, maxMs: 300 });
}

/** Different ids in the order in which a reader first gets them, until `count` have come; and how often one came again. */
async function readIds(reader: LogReader, count: number): Promise<{ ids: string[]; repeated: number }> {
  const ids = new Set<string>();
  let next = 1;
  let repeated = 0;
  while (ids.size < count) {
    const records = await retrying(clock, () => reader.next(500, 5_000), { firstMs: 50, maxMs: 300 });
    for (const { position, payload } of records) {
      assert.ok(position >= next, `position ${position} came again`);
      next = position + 1;
      const id = new TextDecoder().decode(payload).trimEnd();
      if (ids.has(id)) repeated++;
      ids.add(id);
    }
  }
  return { ids: [...ids], repeated };
}

describe("Outages of Kafka", { skip: missing === null ? false : `skipped: ${missing}`, timeout: 180_000 }, () => {
  test("A broker killed twice amid publishing and reading loses nothing that was acknowledged.", async (context) => {
    await using server = await KafkaServer.start();
    const log = open(server.url);
    await log.ensureStreams();
    const readers = [await log.read(EVENTS, { from: 1 }), await log.read(EVENTS, { from: 1, key: "patient" })];
    const patientIds = Array.from({ length: 1_500 }, (_, index) => `patient/${index}`);
    const pipelinedIds = Array.from({ length: 60_000 }, (_, index) => `pipelined/${index}`);

    const patient = (async () => {
      for (const id of patientIds) await appendForSure(log, "patient", id);
    })();
    const pipelined = (async () => {
      for (let start = 0; start < pipelinedIds.length; start += 250) {
        await Promise.all(pipelinedIds.slice(start, start + 250).map((id) => appendForSure(log, "pipelined", id)));
      }
    })();
    const everything = readIds(readers[0], patientIds.length + pipelinedIds.length);
    const filtered = readIds(readers[1], patientIds.length);
    for (let kill = 0; kill < 2; kill++) {
      await clock.sleep(400);
      const { last } = await log.positions(EVENTS);
      assert.ok(last < patientIds.length + pipelinedIds.length, "killed too late");
      await server.kill();
      await clock.sleep(200);
      await server.start();
    }
    await Promise.all([patient, pipelined]);

    const { ids, repeated } = await everything;
    context.diagnostic(`${ids.length} ids, ${repeated} of them came twice`);
    assert.deepEqual(ids.toSorted(), [...patientIds, ...pipelinedIds].toSorted());
    assert.deepEqual(
      ids.filter((id) => id.startsWith("patient")),
      patientIds,
    );
    assert.deepEqual((await filtered).ids, patientIds);
    await log.close();
  });

  test("While the broker is away at the start everything fails as retriable; when it comes all goes well.", async () => {
    const port = await freePort();
    const log = open(`kafka://127.0.0.1:${port}`);
    await assert.rejects(log.ensureStreams(), AWAY);
    await assert.rejects(log.append(EVENTS, "k", new Uint8Array(1)), AWAY);
    await assert.rejects(log.positions(EVENTS), AWAY);
    await assert.rejects(log.lastOf(EVENTS, "k"), AWAY);
    const reader = await log.read(EVENTS, { from: 1 });
    await assert.rejects(reader.next(1, 100), AWAY);
    assert.deepEqual(await log.describe(), { kind: "kafka", version: "", connected: false, warnings: [] });

    let failures = 0;
    const made = retrying(clock, () => log.ensureStreams(), { maxMs: 200, onFailure: () => failures++ });
    await clock.sleep(300);
    await using server = await KafkaServer.start({ port });
    await made;
    assert.ok(server.pid !== undefined && failures > 0);
    assert.equal(await log.append(EVENTS, "k", new Uint8Array(1)), 1);
    assert.equal((await reader.next(1, 5_000)).length, 1);
    assert.equal((await log.describe()).connected, true);
    await log.close();
  });

  test("A broker that dies fails what is under way at once; one that hangs is noticed, and can be left.", async () => {
    await using server = await KafkaServer.start();
    const log = open(server.url);
    await log.ensureStreams();
    process.kill(server.pid as number, "SIGSTOP");
    const controller = new AbortController();
    const append = log.append(EVENTS, "k", new Uint8Array(1), { signal: controller.signal });
    const made = log.ensureStreams(controller.signal);
    await clock.sleep(100);
    controller.abort();
    await assert.rejects(append, { code: "ABORTED" });
    await assert.rejects(made, { code: "ABORTED" });

    const appends = Array.from({ length: 600 }, () => log.append(EVENTS, "k", new Uint8Array(20_000)));
    const outcomes = Promise.allSettled(appends);
    const startMs = clock.monotonicMs();
    await server.kill();
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") assert.equal(outcome.reason.code, "LOG_UNAVAILABLE");
    }
    await assert.rejects(log.append(EVENTS, "k", new Uint8Array(1)), { code: "LOG_UNAVAILABLE" });
    assert.ok(clock.monotonicMs() - startMs < 5_000, "they did not wait out their time");
    assert.equal((await log.describe()).connected, false);
    await log.close();
  });
});
