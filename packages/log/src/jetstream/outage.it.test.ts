import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { retrying, SystemClock } from "@farmscope/runtime";
import { freePort, NATS_VERSIONS, NatsServer } from "@farmscope/testkit";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { EventLog, LogReader, StreamName } from "../port.ts";
import { JetStreamLog } from "./jetstream-log.ts";

const clock = new SystemClock();
const EVENTS: StreamName = { kind: "event", partition: 0 };

function open(url: string, namespace = "fs"): JetStreamLog {
  return new JetStreamLog({ url, namespace, partitions: 1, bytesMax: 256 * 2 ** 20, replicas: 1, clock });
}

/** Appends as the services do: with an id, again and again until it is acknowledged. */
function appendForSure(log: EventLog, key: string, id: string): Promise<number> {
  const payload = new TextEncoder().encode(id.padEnd(2_000));
  return retrying(clock, () => log.append(EVENTS, key, payload, { id }), { firstMs: 50, maxMs: 300 });
}

/** Ids in the order in which a reader gets them, until `count` have come. */
async function readIds(reader: LogReader, count: number): Promise<string[]> {
  const ids: string[] = [];
  let next = 1;
  while (ids.length < count) {
    const records = await retrying(clock, () => reader.next(500, 5_000), { firstMs: 50, maxMs: 300 });
    for (const { position, payload } of records) {
      assert.ok(position >= next, `position ${position} came again`);
      next = position + 1;
      ids.push(new TextDecoder().decode(payload).trimEnd());
    }
  }
  return ids;
}

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`Outages of JetStream, ${version} server`, {
    skip: missing === null ? false : `skipped: ${missing}`,
    timeout: 90_000,
  }, () => {
    test("A server killed twice amid publishing and reading loses and doubles nothing that was acknowledged.", async () => {
      await using server = await NatsServer.start({ version });
      const log = open(server.url);
      await log.ensureStreams();
      const readers = [await log.read(EVENTS, { from: 1 }), await log.read(EVENTS, { from: 1, key: "patient" })];
      const patientIds = Array.from({ length: 1_500 }, (_, index) => `patient/${index}`);
      const pipelinedIds = Array.from({ length: 20_000 }, (_, index) => `pipelined/${index}`);

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
        const { last } = await retrying(clock, () => log.positions(EVENTS), { maxMs: 300 });
        assert.ok(last < patientIds.length + pipelinedIds.length, "killed too late");
        await server.kill();
        await clock.sleep(200);
        await server.start();
      }
      await Promise.all([patient, pipelined]);

      const ids = await everything;
      assert.deepEqual(ids.toSorted(), [...patientIds, ...pipelinedIds].toSorted());
      assert.deepEqual(
        ids.filter((id) => id.startsWith("patient")),
        patientIds,
      );
      assert.deepEqual(await filtered, patientIds);
      assert.equal((await log.positions(EVENTS)).messages, ids.length);
      await log.close();
    });

    test("While the server is away at the start everything fails as retriable; when it comes all goes well.", async () => {
      const port = await freePort();
      const log = open(`nats://127.0.0.1:${port}`);
      await assert.rejects(log.ensureStreams(), { code: "LOG_UNAVAILABLE", retriable: true });
      await assert.rejects(log.append(EVENTS, "k", new Uint8Array(1)), { code: "LOG_UNAVAILABLE", retriable: true });
      await assert.rejects(log.positions(EVENTS), { code: "LOG_UNAVAILABLE", retriable: true });
      const reader = await log.read(EVENTS, { from: 1 });
      await assert.rejects(reader.next(1, 100), { code: "LOG_UNAVAILABLE", retriable: true });
      assert.deepEqual(await log.describe(), { kind: "jetstream", version: "", connected: false, warnings: [] });

      let failures = 0;
      const made = retrying(clock, () => log.ensureStreams(), { maxMs: 200, onFailure: () => failures++ });
      await clock.sleep(300);
      await using server = await NatsServer.start({ version, port });
      await made;
      assert.ok(failures > 0);
      assert.equal(await log.append(EVENTS, "k", new Uint8Array(1)), 1);
      assert.equal((await reader.next(1, 5_000)).length, 1);
      assert.equal((await log.describe()).version, server.version);
      await log.close();
    });

    test("Appends under way fail at once when the server dies, and say so while it is away.", async () => {
      await using server = await NatsServer.start({ version });
      const log = open(server.url);
      await log.ensureStreams();
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

    test("A server that hangs is noticed, and asking it can be cancelled.", async () => {
      await using server = await NatsServer.start({ version });
      const log = open(server.url);
      await log.ensureStreams();
      process.kill(server.pid as number, "SIGSTOP");
      // A program of many threads stands still a moment after the signal.
      await clock.sleep(100);
      try {
        const controller = new AbortController();
        const append = log.append(EVENTS, "k", new Uint8Array(1), { signal: controller.signal });
        const made = log.ensureStreams(controller.signal);
        await clock.sleep(100);
        const refusals = [append, made].map((asked) => assert.rejects(asked, { code: "ABORTED" }));
        controller.abort();
        await Promise.all(refusals);
      } finally {
        process.kill(server.pid as number, "SIGCONT");
        await log.close();
      }
    });

    test("A reader whose consumer is removed behind its back goes on.", async () => {
      await using server = await NatsServer.start({ version });
      const log = open(server.url);
      await log.ensureStreams();
      await log.append(EVENTS, "k", new Uint8Array(1));
      const reader = await log.read(EVENTS, { from: 1 });
      assert.equal((await reader.next(10, 5_000)).length, 1);
      await removeConsumers(server.url, "FS_EV_0");
      await log.append(EVENTS, "k", new Uint8Array(1));
      const [record] = await retrying(clock, () => reader.next(10, 15_000), { maxMs: 200 });
      assert.equal(record.position, 2);
      await log.close();
    });
  });
}

async function removeConsumers(url: string, stream: string): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  for (const { name } of await manager.consumers.list(stream).next()) await manager.consumers.delete(stream, name);
  await connection.close();
}
