import assert from "node:assert/strict";
import { test } from "node:test";
import { drawDisturbances } from "./disturbance.ts";

test("what happens in a run is a function of the seed", () => {
  assert.deepEqual(drawDisturbances(7, 40), drawDisturbances(7, 40));
  assert.notDeepEqual(drawDisturbances(7, 40), drawDisturbances(8, 40));
});

test("every role has its turn before any has another, and both things are done", () => {
  const drawn = drawDisturbances(1, 40);
  for (let round = 0; round < 40; round += 4) {
    const roles = drawn.slice(round, round + 4).map(({ role }) => role);
    assert.deepEqual(roles.sort(), ["aggregator", "broker", "emitter", "redis"]);
  }
  assert.deepEqual([...new Set(drawn.map(({ action }) => action))].sort(), ["kill", "pause"]);
});

test("some aggregators sleep past their lease of five seconds", () => {
  const pauses = drawDisturbances(1, 200).filter(({ role, action }) => role === "aggregator" && action === "pause");
  assert.ok(pauses.filter(({ pauseMs }) => pauseMs > 6_000).length > pauses.length / 3);
});
