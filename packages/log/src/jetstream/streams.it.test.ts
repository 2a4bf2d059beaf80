import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type OperatingError, SystemClock } from "@farmscope/runtime";
import { NATS_VERSIONS, NatsServer } from "@farmscope/testkit";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { openLog } from "../open.ts";
import { JetStreamLog } from "./jetstream-log.ts";

const clock = new SystemClock();
const MIB = 2 ** 20;

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`Streams on JetStream, ${version} server`, {
    skip: missing === null ? false : `skipped: ${missing}`,
  }, () => {
    let server: NatsServer;
    let connection: NatsConnection;
    let manager: JetStreamManager;

    before(async () => {
      server = await NatsServer.start({ version });
      connection = await connect({ servers: server.url });
      manager = await jetstreamManager(connection);
    });
    after(async () => {
      await connection.close();
      await server[Symbol.asyncDispose]();
    });

    async function ensure(settings: { namespace: string; partitions?: number; bytesMax?: number; replicas?: number }) {
      const log = new JetStreamLog({
        url: server.url,
        partitions: 2,
        bytesMax: 64 * MIB,
        replicas: 1,
        clock,
        ...settings,
      });
      try {
        await log.ensureStreams();
      } finally {
        await log.close();
      }
    }

    test("All streams of an installation are made with their limits.", async () => {
      await ensure({ namespace: "made" });
      const streams = await manager.streams.list("made.>").next();
      const limits = Object.fromEntries(streams.map(({ config }) => [config.name, [config.max_bytes, config.max_age]]));
      const dayNs = 86_400 * 1e9;
      assert.deepEqual(limits, {
        MADE_EV_0: [32 * MIB, dayNs],
        MADE_EV_1: [32 * MIB, dayNs],
        MADE_CKPT_0: [32 * MIB, 0],
        MADE_CKPT_1: [32 * MIB, 0],
        MADE_VIEW: [64 * MIB, 2 * dayNs],
        MADE_VIEW_1M: [64 * MIB, 14 * dayNs],
        MADE_VIEW_10M: [64 * MIB, 60 * dayNs],
        MADE_ALERT: [64 * MIB, 0],
        MADE_CONTROL: [64 * MIB, 0],
        MADE_DEAD: [16 * MIB, 7 * dayNs],
      });
    });

    test("Several services may make them at the same time.", async () => {
      await Promise.all([1, 2, 3].map(() => ensure({ namespace: "together" })));
      assert.equal((await manager.streams.list("together.>").next()).length, 10);
    });

    test("Other limits are taken over.", async () => {
      await ensure({ namespace: "grown" });
      await ensure({ namespace: "grown", bytesMax: 128 * MIB });
      assert.equal((await manager.streams.info("GROWN_EV_1")).config.max_bytes, 64 * MIB);
    });

    test("Another number of partitions is refused.", async () => {
      await ensure({ namespace: "fixed" });
      await assert.rejects(ensure({ namespace: "fixed", partitions: 4 }), {
        code: "LOG_MISCONFIGURED",
        message: /was made for "Farmscope, 2 partitions", asked for is "Farmscope, 4 partitions"/,
      });
    });

    test("What the server cannot give is refused with the way out.", async () => {
      const tooLarge = ensure({ namespace: "vast", bytesMax: 2 ** 52 });
      await assert.rejects(tooLarge, (error: OperatingError) => {
        assert.equal(error.code, "LOG_MISCONFIGURED");
        assert.match(error.remedy ?? "", /lower logBytesMax/);
        return true;
      });
      await assert.rejects(ensure({ namespace: "copies", replicas: 3 }), {
        code: "LOG_MISCONFIGURED",
        retriable: false,
      });
    });

    test("A stream that somebody limited otherwise is put right; one that keeps its acknowledgements to itself is refused.", async () => {
      await ensure({ namespace: "changed" });
      await manager.streams.update("CHANGED_VIEW", { max_msgs: 10, max_msg_size: 100 });
      await ensure({ namespace: "changed" });
      const { max_msgs, max_msg_size } = (await manager.streams.info("CHANGED_VIEW")).config;
      assert.deepEqual([max_msgs, max_msg_size], [-1, -1]);
      await manager.streams.update("CHANGED_VIEW", { no_ack: true });
      await assert.rejects(ensure({ namespace: "changed" }), { code: "LOG_MISCONFIGURED", message: /no_ack is set/ });
    });

    test("A foreign stream on our subjects is refused.", async () => {
      await manager.streams.add({ name: "FOREIGN", subjects: ["taken.>"] });
      await assert.rejects(ensure({ namespace: "taken" }), { code: "LOG_MISCONFIGURED" });
    });

    test("Before the streams are made everything fails as retriable.", async () => {
      const log = openLog({
        kind: "jetstream",
        url: server.url,
        namespace: "none",
        partitions: 1,
        bytesMax: MIB,
        replicas: 1,
        clock,
      });
      const retriable = { code: "LOG_UNAVAILABLE", retriable: true };
      await assert.rejects(log.append({ kind: "view" }, "k", new Uint8Array(1)), retriable);
      await assert.rejects(log.positions({ kind: "view" }), retriable);
      await assert.rejects(log.lastOf({ kind: "view" }, "k"), retriable);
      const reader = await log.read({ kind: "view" }, { from: 1 });
      await assert.rejects(reader.next(1, 10), retriable);
      await log.close();
    });

    test("A server that is not made for durability says so.", async () => {
      const log = new JetStreamLog({
        url: server.url,
        namespace: "x",
        partitions: 1,
        bytesMax: MIB,
        replicas: 1,
        clock,
      });
      const { version, warnings } = await log.describe();
      assert.equal(version, server.version);
      assert.equal(warnings.length, version.startsWith("2.9.") ? 1 : 0);
      await log.close();
    });

    test("The limit on messages is the server's own.", async () => {
      await using small = await NatsServer.start({ version, payloadBytesMax: 64 * 1024 });
      const log = new JetStreamLog({
        url: small.url,
        namespace: "s",
        partitions: 1,
        bytesMax: MIB,
        replicas: 1,
        clock,
      });
      const early = log.append({ kind: "view" }, "k", new Uint8Array(100_000));
      await assert.rejects(early, { code: "LOG_MESSAGE_TOO_LARGE" });
      await log.ensureStreams();
      assert.equal(log.messageBytesMax, 60 * 1024);
      await log.append({ kind: "view" }, "k", new Uint8Array(log.messageBytesMax));
      await log.close();
    });
  });
}
