import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatingError } from "@farmscope/runtime";
import { requests } from "kafkajs/src/protocol/requests/index.js";
import { warningsOf } from "./describe.ts";
import { keyOf, messageOf, placeOf, recordOf, sizeOf } from "./records.ts";
import { addressOf, type KafkaSecurity, loginOf, tlsOf } from "./security.ts";
import { differences, topicPlans } from "./topics.ts";
import { translate } from "./translate.ts";

const MIB = 2 ** 20;
const installation = { namespace: "fs-a", partitions: 4, bytesMax: 4 * 2 ** 30, replicas: 1 };
const urls = { servers: ["a:1"], user: undefined, password: undefined, isEncrypted: false };
const open: KafkaSecurity = { tls: "off", caFile: "", certFile: "", keyFile: "", sasl: "none", user: "", password: "" };

test("Raw events are partitions of one topic, every other stream is a topic of its own.", () => {
  assert.deepEqual(placeOf("fs-a", { kind: "event", partition: 3 }), { topic: "FS_A_EV", partition: 3 });
  assert.deepEqual(placeOf("fs-a", { kind: "view" }), { topic: "FS_A_VIEW", partition: 0 });
  const plans = topicPlans(installation).map(({ topic, partitions }) => `${topic} ${partitions}`);
  assert.deepEqual(plans, [
    "FS_A_EV 4",
    "FS_A_CKPT_0 1",
    "FS_A_CKPT_1 1",
    "FS_A_CKPT_2 1",
    "FS_A_CKPT_3 1",
    "FS_A_VIEW 1",
    "FS_A_VIEW_1M 1",
    "FS_A_VIEW_10M 1",
    "FS_A_ALERT 1",
    "FS_A_CONTROL 1",
    "FS_A_DEAD 1",
  ]);
});

test("A partition's limit holds with the segment that is still written, down to what Kafka can do.", () => {
  for (const [bytesMax, expected] of [
    [4 * 2 ** 30, 2 ** 30],
    [16 * MIB, 4 * MIB],
    [8 * MIB, 2 * MIB],
    [4 * MIB, 2 * MIB],
  ]) {
    const { config } = topicPlans({ ...installation, bytesMax })[0];
    assert.equal(Number(config["retention.bytes"]) + Number(config["segment.bytes"]), expected);
  }
});

test("Two copies must have what is acknowledged when there are three.", () => {
  const inSync = [1, 2, 3].map(
    (replicas) => topicPlans({ ...installation, replicas })[0].config["min.insync.replicas"],
  );
  assert.deepEqual(inSync, ["1", "1", "2"]);
});

test("Every difference between what was asked and what the broker has is told.", () => {
  const echoed = [{ configName: "a", configValue: "1", configSource: 1 }];
  assert.deepEqual(differences({ a: "1", b: "2" }, echoed), ["b is unknown, asked for 2"]);
  assert.deepEqual(differences({ a: "3" }, echoed), ["a is 1, asked for 3"]);
});

test("A key stands in the message as it is; one that is no text travels beside it.", () => {
  for (const key of ["node-1", "", "日本 🦊", "\ud800", "x\udc00y"]) {
    const message = messageOf(key, new Uint8Array([1]), undefined);
    assert.equal(keyOf(message), key);
    assert.equal(Object.keys(message.headers).length, key.isWellFormed() ? 0 : 1);
  }
});

test("A batch is never larger than its messages were counted.", async () => {
  const messages = ["k", "", "🦊".repeat(128), "\ud800"].map((key) =>
    messageOf(key, new Uint8Array(500), "é".repeat(256)),
  );
  const topicData = [{ topic: "t", partitions: [{ partition: 0, messages }] }];
  const { request } = requests["Produce"].protocol({ version: 7 })({ acks: -1, timeout: 1, topicData });
  const counted = messages.map(sizeOf).reduce((sum, size) => sum + size);
  assert.ok((await request.encode()).buffer.length <= counted);
});

test("A record's payload is its own, and Kafka's offsets become positions.", () => {
  const answer = Buffer.from([9, 1, 2, 9]);
  const message = {
    ...messageOf("k", answer.subarray(1, 3), "id"),
    offset: "4",
    timestamp: "17",
    isControlRecord: false,
  };
  const record = recordOf(message, "k");
  answer.fill(0);
  assert.deepEqual(record, { position: 5, key: "k", appendedAtMs: 17, payload: new Uint8Array([1, 2]) });
});

test("Login and encryption come from the settings, or else from the URL.", () => {
  assert.equal(loginOf(undefined, urls), null);
  assert.equal(tlsOf(open, urls), null);
  assert.deepEqual(tlsOf(undefined, { ...urls, isEncrypted: true }), {});
  assert.deepEqual(tlsOf({ ...open, tls: "on" }, urls), {});
  const inUrl = { ...urls, user: "me", password: "secret" };
  assert.deepEqual(loginOf(undefined, inUrl), { mechanism: "scram-sha-512", user: "me", password: "secret" });
  const plain = loginOf({ ...open, sasl: "plain", user: "you" }, inUrl);
  assert.deepEqual(plain, { mechanism: "plain", user: "you", password: "secret" });
  assert.throws(() => loginOf({ ...open, sasl: "plain" }, urls), { code: "CONFIG_INVALID" });
  assert.throws(() => tlsOf({ ...open, tls: "on", caFile: "/nowhere/ca.pem" }, urls), { code: "CONFIG_INVALID" });
});

test("Addresses are taken apart, also those of version 6.", () => {
  assert.deepEqual(addressOf("broker:9092"), { host: "broker", port: 9092 });
  assert.deepEqual(addressOf("[::1]:9092"), { host: "::1", port: 9092 });
});

test("What Kafka refuses for good is told apart from what may pass.", () => {
  const kafka = (type: string): OperatingError => translate(Object.assign(new Error("no"), { type }), "appending");
  assert.equal(kafka("MESSAGE_TOO_LARGE").code, "LOG_MESSAGE_TOO_LARGE");
  assert.equal(kafka("INVALID_CONFIG").code, "LOG_MISCONFIGURED");
  assert.equal(kafka("NOT_LEADER_FOR_PARTITION").retriable, true);
  assert.match(kafka("TOPIC_AUTHORIZATION_FAILED").remedy ?? "", /allow our user/);
  assert.equal(translate(new OperatingError("ABORTED", "closed"), "x").code, "ABORTED");
});

test("What an operator should know is said.", () => {
  const four = { 1: { minVersion: 4, maxVersion: 18 } };
  assert.deepEqual(warningsOf(four, { ...installation, replicas: 3 }), []);
  assert.equal(warningsOf({ 1: { minVersion: 0, maxVersion: 13 } }, installation).length, 2);
  assert.equal(warningsOf(four, { ...installation, replicas: 3, bytesMax: 2 * MIB }).length, 1);
});
