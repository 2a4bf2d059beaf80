import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatingError } from "@farmscope/runtime";
import { JetStreamApiError } from "@nats-io/jetstream";
import { brokerStreamName } from "../port.ts";
import { ByteBudget } from "./byte-budget.ts";
import { parseDelivery } from "./delivery.ts";
import { keyOf, placeOf, streamSubject } from "./subjects.ts";
import { translate } from "./translate.ts";
import { warningsOf } from "./warnings.ts";

test("Delivery is read from the old and the new form of the reply subject.", () => {
  const expected = { streamSequence: 20, deliverySequence: 3, storedAtMs: 1795368116911, pending: 30 };
  assert.deepEqual(parseDelivery("$JS.ACK.S.c.1.20.3.1795368116911702578.30"), expected);
  assert.deepEqual(parseDelivery("$JS.ACK.hub.acc.S.c.1.20.3.1795368116911702578.30.r4nd"), expected);
  assert.deepEqual(parseDelivery("$JS.ACK.hub.acc.S.c.1.20.3.1795368116911702578.30"), expected);
  assert.equal(parseDelivery("_INBOX.a.b"), null);
  assert.equal(parseDelivery(undefined), null);
});

test("Subjects are those of the design.", () => {
  assert.equal(streamSubject("fs", { kind: "event", partition: 3 }), "fs.ev.3.*");
  assert.equal(streamSubject("fs", { kind: "view" }), "fs.view.*");
  assert.equal(streamSubject("fs", { kind: "view", widthMs: 60_000 }), "fs.view-1m.*");
  assert.equal(brokerStreamName("fs", { kind: "view", widthMs: 600_000 }), "FS_VIEW_10M");
  assert.deepEqual(placeOf("fs", { kind: "event", partition: 3 }, "node-1"), {
    subject: "fs.ev.3.node-1",
    header: null,
  });
  assert.equal(placeOf("fs", { kind: "view" }, "partial/7").subject, "fs.view.partial=2F7");
});

test("The token of a key is bounded: a longer one becomes a hash, and the key is kept beside it.", () => {
  const fits = placeOf("fs", { kind: "view" }, "x".repeat(160));
  assert.equal(fits.header, null);
  const long = placeOf("fs", { kind: "view" }, "x".repeat(161));
  assert.equal(long.subject.length, "fs.view.=h".length + 64);
  assert.equal(
    keyOf(long.subject, () => long.header ?? undefined),
    "x".repeat(161),
  );
  assert.notEqual(long.subject, placeOf("fs", { kind: "view" }, "x".repeat(162)).subject);
});

test("The budget is granted in order, never beyond its size, and what is larger is cut.", async () => {
  const budget = new ByteBudget(100);
  assert.equal(await budget.take(60), 60);
  const grants: number[] = [];
  const second = budget.take(1_000).then((bytes) => grants.push(bytes));
  const third = budget.take(10).then((bytes) => grants.push(bytes));
  await Promise.resolve();
  assert.deepEqual(grants, []);
  budget.giveBack(60);
  await second;
  assert.deepEqual(grants, [100]);
  budget.giveBack(100);
  await third;
  assert.deepEqual(grants, [100, 10]);
});

test("Errors are told apart by code: final ones, and outages that a retry may cure.", () => {
  const refusal = new JetStreamApiError({ code: 500, err_code: 10047, description: "insufficient storage" });
  assert.equal(translate(refusal, "making S").code, "LOG_MISCONFIGURED");
  assert.equal(translate(refusal, "making S").message, "making S: insufficient storage");
  const transient = translate(new JetStreamApiError({ code: 503, err_code: 10008, description: "no leader" }), "x");
  assert.deepEqual([transient.code, transient.retriable], ["LOG_UNAVAILABLE", true]);
  assert.deepEqual(translate(new TypeError("socket"), "x").retriable, true);
  const ours = new OperatingError("ABORTED", "cancelled");
  assert.equal(translate(ours, "x"), ours);
});

test("Servers before 2.10 and small limits are warned of.", () => {
  assert.match(warningsOf("2.9.10", 2 ** 20)[0], /does not know sync_interval/);
  assert.deepEqual(warningsOf("2.10.27", 2 ** 20), []);
  assert.match(warningsOf("2.11.1", 65_536)[0], /max_payload is 65536/);
});
