import assert from "node:assert/strict";
import { test } from "node:test";
import { DeliveryResult } from "@farmscope/proto";
import { status } from "./testing/receiver.ts";
import { RULES, rulesOf, World } from "./testing/world.ts";

const KEY = "FarmFragmented{farm=default}";
const EDGE = "FarmFragmented{farm=edge}";

test("An incident is told once when it fires and once when it resolves, and everything is on record", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  await world.windows([0.2, 0.7, 0.7, 0.7, 0.4, 0.4]);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
  const records = await world.alertRecords();
  const ids = records.map((record) => record.id.replace(KEY, "K"));
  for (const event of ["event/K/firing/20000", "event/K/resolved/50000"]) {
    const own = ids.filter((id) => id.includes(event));
    assert.deepEqual(own, [event, `intent/${event}>webhook/1`, `outcome/${event}>webhook/1`]);
  }
  assert.equal(ids.filter((id) => id.startsWith("notice/")).length, 2);
  assert.equal(ids.length, 8);
  const [firing] = records;
  assert.ok(firing!.body.case === "event");
  assert.equal(firing!.body.value.annotations["summary"], "default 70%");
  assert.equal(firing!.body.value.viewPosition, 2n);
  assert.equal(firing!.body.value.incident, `${KEY}@10000`);
});

test("Escalation and de-escalation belong to the same incident and are told in order", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  await world.windows([0.7, 0.9, 0.7, 0.1]);
  await world.settled(replica);
  assert.deepEqual(
    world.receiver.received.map(({ transition, severity }) => `${transition} ${severity}`),
    ["firing warning", "escalated critical", "deescalated warning", "resolved warning"],
  );
});

test("A 500 is tried again with the same idempotency key after a wait, and nothing overtakes it", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  world.receiver.answers.push(status(500));
  await world.windows([0.7, 0.2]);
  await world.until("the first attempt", () => world.receiver.received.length === 1);
  await world.until("its outcome", async () =>
    (await world.alertRecords()).some(({ body }) => body.case === "outcome"),
  );
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
  await world.pass(1_000);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} firing`, `${KEY} resolved`]);
  const [first, second, third] = world.receiver.received;
  assert.equal(first!.idempotencyKey, second!.idempotencyKey);
  assert.notEqual(second!.idempotencyKey, third!.idempotencyKey);
});

test("A 429 waits for as long as Retry-After asks, to the millisecond", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  world.receiver.answers.push(status(429, { "retry-after": "30" }));
  await world.windows([0.7]);
  await world.until("the outcome", async () => (await world.alertRecords()).length === 4);
  await world.pass(29_999);
  assert.equal(world.receiver.received.length, 1);
  await world.pass(1);
  await world.settled(replica);
  assert.equal(world.receiver.received.length, 2);
});

test("A 400 is never tried again, and the incident goes on", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  world.receiver.answers.push(status(400));
  await world.windows([0.7]);
  await world.settled(replica);
  await world.pass(120_000);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
  await world.windows([0.2]);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
  const outcomes = (await world.alertRecords()).flatMap(({ body }) =>
    body.case === "outcome" ? [body.value.result] : [],
  );
  assert.deepEqual(outcomes, [DeliveryResult.REJECTED, DeliveryResult.DELIVERED]);
});

test("A receiver that is gone for good is not asked again, and each notification says so", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  world.receiver.answers.push(status(410));
  await world.windows([0.7, 0.2]);
  await world.settled(replica);
  assert.equal(world.receiver.received.length, 1);
  const outcomes = (await world.alertRecords()).flatMap(({ body }) =>
    body.case === "outcome" ? [body.value.result] : [],
  );
  assert.deepEqual(outcomes, [DeliveryResult.TARGET_DISABLED, DeliveryResult.TARGET_DISABLED]);
});

test("A receiver that does not answer delays neither evaluation nor the alerts of other farms", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  world.receiver.answers.push(() => undefined);
  await world.windows([0.7, 0.2]);
  await world.until("the hanging request", () => world.receiver.received.length === 1);
  await world.windows([0.7, 0.2], "edge");
  await world.until("the other farm", () => world.receiver.received.length === 3);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${EDGE} firing`, `${EDGE} resolved`]);
  const { last } = await world.log.positions({ kind: "view" });
  assert.equal(replica.alerting.status().position, last);
  await world.pass(12_000);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told.slice(3), [`${KEY} firing`, `${KEY} resolved`]);
});

test("A restart in the middle of an incident tells nothing twice and takes the incident to its end", async (t) => {
  const world = await World.open(t);
  const first = world.start();
  await world.windows([0.7, 0.7]);
  await world.settled(first);
  await first.stop();
  const second = world.start({ replicaId: "b" });
  await world.windows([0.7, 0.2]);
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
});

test("A count that was begun before a restart goes on after it", async (t) => {
  const world = await World.open(t);
  const rules = RULES.map((rule) => ({ ...rule, hold: { kind: "samples" as const, count: 3 } }));
  const first = world.start({ rules });
  await world.windows([0.7, 0.7]);
  await world.settled(first);
  await first.stop();
  const second = world.start({ rules });
  await world.windows([0.7]);
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
  const transitions = (await world.alertRecords()).flatMap(({ body }) =>
    body.case === "event" ? [body.value.reason] : [],
  );
  assert.deepEqual(transitions, ["ThresholdReached", "HeldLongEnough"]);
});

test("A replica that dies with a request open leaves one duplicate at most, under the same idempotency key", async (t) => {
  const world = await World.open(t);
  const first = world.start();
  world.receiver.answers.push(() => undefined);
  await world.windows([0.7, 0.2]);
  await world.until("the open request", () => world.receiver.received.length === 1);
  // Told to stop, it gives the open request five seconds and ends without knowing what came of it.
  const stopping = first.stop();
  await world.pass(6_000);
  await stopping;
  const second = world.start();
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} firing`, `${KEY} resolved`]);
  assert.equal(world.receiver.received[0]!.idempotencyKey, world.receiver.received[1]!.idempotencyKey);
});

test("A notification that waits for its next attempt survives a restart and keeps its wait", async (t) => {
  const world = await World.open(t);
  const first = world.start();
  world.receiver.answers.push(status(503));
  await world.windows([0.7]);
  await world.until("the outcome", async () => (await world.alertRecords()).length === 4);
  await first.stop();
  const second = world.start();
  await world.until("taking over", () => second.alerting.status().waiting === 1);
  assert.equal(world.receiver.received.length, 1);
  await world.pass(1_000);
  await world.settled(second);
  assert.equal(world.receiver.received.length, 2);
});

test("Of two replicas one acts; when its lease ends the other goes on, and the first cannot speak any more", async (t) => {
  const world = await World.open(t);
  const first = world.start({ replicaId: "a" });
  await world.until("the first acts", () => first.alerting.status().role === "acting");
  const second = world.start({ replicaId: "b" });
  await world.windows([0.7]);
  await world.settled(first);
  assert.equal(second.alerting.status().role, "standby");
  await first.stop();
  await world.pass(5_000);
  await world.until("the second acts", () => second.alerting.status().role === "acting");
  await world.windows([0.2]);
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
});

test("A claim by another replica fences the one that acts before its next attempt", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  await world.until("acting", () => replica.alerting.status().role === "acting");
  await world.store.claim("a0");
  await world.windows([0.7]);
  await world.until("giving up the term", () => replica.alerting.status().trouble !== null);
  assert.equal(world.receiver.received.length, 0);
  await world.pass(2_000);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
});

test("Amendments, partial records, repeated and malformed records are not evaluated", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  await world.windows([0.2, 0.2]);
  await world.appendWindow(1, 0.9, "default", 1);
  await world.appendWindow(0, 0.9);
  await world.log.append({ kind: "view" }, "partial/0", new Uint8Array([255, 255]));
  await world.log.append({ kind: "view" }, "farm/default", new Uint8Array([255, 255]));
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, []);
  const [evaluate] = replica.alerting.status().stages;
  assert.deepEqual(evaluate, { name: "evaluate", in: 6, out: 2, dropped: 4, held: 0 });
});

test("Every stage balances: in = out + dropped + held", async (t) => {
  const world = await World.open(t);
  const rules = RULES.map((rule) => ({ ...rule, hold: { kind: "samples" as const, count: 2 } }));
  const replica = world.start({ rules });
  await world.windows([0.7, 0.7, 0.2, 0.7, 0.2]);
  await world.settled(replica);
  const { stages, fired, alerts } = replica.alerting.status();
  assert.deepEqual(
    stages.map(({ name, in: taken, out, dropped, held }) => [name, taken, out, dropped, held]),
    [
      ["evaluate", 5, 5, 0, 0],
      ["route", 5, 2, 3, 0],
      ["group", 2, 2, 0, 0],
      ["inhibit", 2, 2, 0, 0],
      ["silence", 2, 2, 0, 0],
      ["dedup", 2, 2, 0, 0],
      ["deliver", 2, 2, 0, 0],
      ["record", 11, 11, 0, 0],
    ],
  );
  assert.equal(fired, 1);
  assert.deepEqual(alerts, { pending: 0, firing: 0 });
});

test("A rule with a longer interval looks at every third window only", async (t) => {
  const world = await World.open(t);
  const [rule] = rulesOf(`
groups:
  - name: slow
    interval: 30s
    rules:
      - alert: Slow
        signal: unusable_free_space_index
        warning: { above: 0.6 }
`);
  const replica = world.start({ rules: [rule!] });
  await world.windows([0.9, 0.9, 0.1, 0.1, 0.1, 0.9]);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, ["Slow{farm=default} firing"]);
});
