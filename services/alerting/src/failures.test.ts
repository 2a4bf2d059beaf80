import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { FailingLog, type FailureMode } from "./testing/failing-log.ts";
import { World } from "./testing/world.ts";

const KEY = "FarmFragmented{farm=default}";
const INCIDENT = [`${KEY} firing`, `${KEY} escalated`, `${KEY} resolved`];
/** Three events, each with its notice, its intent and its outcome. */
const APPENDS = 12;

/** A replica whose log fails at its n-th append, and a second one that takes over. */
async function takeOver(t: TestContext, appends: number, mode: FailureMode): Promise<World> {
  const world = await World.open(t);
  const log = new FailingLog(world.log, appends, mode);
  const first = world.start({ log });
  await world.windows([0.2, 0.7, 0.9, 0.1, 0.1]);
  await world.until("the failure", () => log.hasFailed);
  const stopping = first.stop();
  await world.pass(6_000);
  await stopping;
  const second = world.start({ replicaId: "b" });
  await world.settled(second);
  return world;
}

for (const mode of ["append lost", "acknowledgement lost"] as const) {
  test(`Whichever append fails (${mode}), the incident is told whole, in order, with one duplicate at most`, async (t) => {
    for (let appends = 0; appends < APPENDS; appends++) {
      const { receiver } = await takeOver(t, appends, mode);
      const keys = receiver.received.map((received) => received.idempotencyKey);
      const told = receiver.told.filter((_, at) => keys.indexOf(keys[at]!) === at);
      assert.deepEqual(told, INCIDENT, `after ${appends} appends`);
      const duplicates = keys.length - told.length;
      assert.ok(duplicates <= 1, `${duplicates} duplicates after ${appends} appends: ${receiver.told.join(", ")}`);
    }
  });
}

test("A store that is away holds notifications back, and they go out when it returns", async (t) => {
  const world = await World.open(t);
  const replica = world.start();
  await world.windows([0.2]);
  await world.settled(replica);
  world.store.goAway();
  await world.windows([0.7]);
  await world.until("the trouble is told", () => replica.alerting.status().trouble !== null);
  assert.deepEqual(world.receiver.told, []);
  world.store.comeBack();
  await world.pass(12_000);
  await world.settled(replica);
  assert.deepEqual(world.receiver.told, [`${KEY} firing`]);
  assert.equal(replica.alerting.status().trouble, null);
});
