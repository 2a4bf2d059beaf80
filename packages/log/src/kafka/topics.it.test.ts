import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { KafkaServer } from "@farmscope/testkit";
import type { StreamName } from "../port.ts";
import { KafkaCluster } from "./cluster.ts";
import { KafkaLog, type KafkaLogOptions } from "./kafka-log.ts";
import { alterTopic, describeTopic } from "./requests.ts";
import { addressOf } from "./security.ts";

const missing = KafkaServer.missing();
const clock = new SystemClock();
const EVENTS: StreamName = { kind: "event", partition: 0 };

describe("Topics and logins", { skip: missing === null ? false : `skipped: ${missing}`, timeout: 120_000 }, () => {
  let server: KafkaServer;
  const open = (options: Partial<KafkaLogOptions>): KafkaLog =>
    new KafkaLog({
      url: server.url,
      namespace: "fs",
      partitions: 2,
      bytesMax: 2 ** 30,
      replicas: 1,
      clock,
      security: {
        tls: "off",
        caFile: "",
        certFile: "",
        keyFile: "",
        sasl: "plain",
        user: "farmscope",
        password: "right",
      },
      ...options,
    });

  before(async () => {
    server = await KafkaServer.start({ plainUsers: { farmscope: "right" } });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });

  test("Who logs in with the right password may work; with a wrong one the remedy is told, and not the password.", async () => {
    const log = open({ namespace: "in" });
    await log.ensureStreams();
    assert.equal(await log.append(EVENTS, "k", new Uint8Array(1)), 1);
    await log.close();
    const host = server.url.slice("kafka://".length);
    const wrong = open({ url: `kafka://farmscope:wrong-one@${host}`, security: undefined as never });
    await assert.rejects(wrong.ensureStreams(), (error: Error & { code?: string; retriable?: boolean }) => {
      assert.equal(error.code, "LOG_UNAVAILABLE");
      assert.equal(error.retriable, true);
      assert.ok(!error.message.includes("wrong-one"));
      return true;
    });
    await wrong.close();
  });

  test("Another number of partitions is refused: nodes would change theirs.", async () => {
    const log = open({ namespace: "grown", partitions: 2 });
    await log.ensureStreams();
    await log.close();
    for (const partitions of [1, 3]) {
      const other = open({ namespace: "grown", partitions });
      await assert.rejects(other.ensureStreams(), { code: "LOG_MISCONFIGURED", retriable: false });
      await other.close();
    }
  });

  test("Settings that differ are brought up to date, and those that somebody else made stay.", async () => {
    const log = open({ namespace: "changed", bytesMax: 2 ** 30 });
    await log.ensureStreams();
    await log.close();
    const login = { mechanism: "plain", user: "farmscope", password: "right" } as const;
    const address = addressOf(server.url.slice("kafka://".length));
    const cluster = new KafkaCluster({ seeds: [address], tls: null, login, name: "test", clock, logger: undefined });
    const settings = [{ name: "file.delete.delay.ms", value: "12345" }];
    await cluster.withController("altering", (connection) => alterTopic(connection, "CHANGED_EV", settings));
    const again = open({ namespace: "changed", bytesMax: 2 ** 31 });
    await again.ensureStreams();
    await again.close();
    const entries = await cluster.withAny("asking", (connection) => describeTopic(connection, "CHANGED_EV"));
    const values = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    assert.equal(values.get("file.delete.delay.ms"), "12345");
    assert.equal(values.get("message.timestamp.type"), "LogAppendTime");
    assert.equal(Number(values.get("retention.bytes")) + Number(values.get("segment.bytes")), 2 ** 30);
    cluster.close();
  });
});
