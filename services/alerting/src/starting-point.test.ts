import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./testing/world.ts";

const KEY = "FarmFragmented{farm=default}";

test("Without a target alerts are recorded only; a target that comes later hears of what still goes on", async (t) => {
  const world = await World.open(t);
  const first = world.start({ notifiers: [] });
  await world.windows([0.7]);
  await world.windows([0.7, 0.2], "edge");
  await world.settled(first);
  await first.stop();
  assert.equal((await world.alertRecords()).length, 3);
  const second = world.start();
  await world.windows([0.2]);
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
});

test("A target that is added to a receiver in the middle of an incident is not told of an end without a beginning", async (t) => {
  const world = await World.open(t);
  const first = world.start();
  await world.windows([0.7]);
  await world.settled(first);
  await world.windows([0.7, 0.2], "other");
  await world.settled(first);
  await first.stop();
  const second = world.start({ notifiers: [world.webhook(), world.webhook("second")] });
  await world.windows([0.2]);
  await world.windows([0.7], "edge");
  await world.settled(second);
  const edge = "FarmFragmented{farm=edge} firing";
  const other = "FarmFragmented{farm=other}";
  const told = [`${KEY} firing`, `${KEY} resolved`, edge, edge, `${other} firing`, `${other} resolved`];
  assert.deepEqual(world.receiver.told.toSorted(), told);
});

test("The store may be lost: alerting goes on from the log and tells nothing twice", async (t) => {
  const world = await World.open(t);
  const first = world.start();
  await world.windows([0.2, 0.7, 0.7]);
  await world.settled(first);
  await first.stop();
  world.store.loseEverything();
  const second = world.start();
  await world.windows([0.2]);
  await world.settled(second);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`, `${KEY} resolved`]);
});

test("The first start of all wakes nobody for what was over long ago", async (t) => {
  const world = await World.open(t);
  await world.windows([0.9, 0.1, 0.7]);
  await world.pass(600_500);
  const replica = world.start();
  await world.windows([0.7]);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
  const [firing] = await world.alertRecords();
  assert.ok(firing!.body.case === "event");
  assert.equal(firing!.body.value.viewPosition, 4n);
  assert.equal(firing!.body.value.sinceMs, 30_000n);
});
