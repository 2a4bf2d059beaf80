import assert from "node:assert/strict";
import { test } from "node:test";
import { NatsServer, RedisServer } from "@farmscope/testkit";
import { CliProcess, eventually, getJson } from "./harness.ts";

const skip = NatsServer.missing() ?? RedisServer.missing() ?? false;
const ARGUMENTS = ["simulate", "--nodes", "50", "--events", "20000", "--rate", "4000", "--node-mib", "32", "--json"];

interface FarmsAnswer {
  readonly total: number;
  readonly nodes: readonly { readonly position: number }[];
}

test("an aggregator killed in the middle leaves the same canonical hash as an undisturbed run of the seed", {
  skip,
}, async () => {
  await using undisturbed = await CliProcess.start(ARGUMENTS);
  const expected = await undisturbed.summary();
  await using disturbed = await CliProcess.start(ARGUMENTS);
  const killed = await killAggregator(disturbed);
  const actual = await disturbed.summary();
  assert.notEqual(disturbed.output.match(/aggregate ended unexpectedly/g), null, "the aggregator was not killed");
  assert.ok(killed > 0);
  assert.equal(actual.hash, expected.hash);
  assert.equal(actual.events.lost, 0);
  assert.equal(actual.events.in, actual.events.folded + actual.events.dropped + actual.events.held);
  assert.deepEqual(actual.events, expected.events);
});

/** Waits until about half of the nodes' events are folded, then kills. */
async function killAggregator(run: CliProcess): Promise<number> {
  await eventually(
    60_000,
    () => getJson<FarmsAnswer>(`${run.url}/api/v1/nodes`),
    (answer) => answer.total === 50 && answer.nodes.every((node) => node.position > 0),
  );
  const pid = run.children()["aggregate"];
  assert.ok(pid !== undefined);
  process.kill(pid, "SIGKILL");
  return pid;
}
