import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { installation } from "../fixtures.ts";
import { FarmFragmentationAnswer, NodeLatencyAnswer, ReplayAnswer, ReplaysAnswer } from "../schemas/index.ts";
import { ask } from "./ask-fixture.ts";
import { withPast } from "./past-fixture.ts";

type Past = Awaited<ReturnType<typeof withPast>>;

async function begin({ api }: Past, body: object) {
  return (await api.app()).inject({ method: "POST", url: "/api/v1/replays", payload: body });
}

async function ended(there: Past, id: string): Promise<ReplayAnswer> {
  for (let turn = 0; turn < 1_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    const answer = await ask<ReplayAnswer>(there, `/api/v1/replays/${id}`, ReplayAnswer);
    if (answer.finishedMs !== null) return answer;
    await there.clock.advance(100);
  }
  throw new Error("the replay did not end");
}

describe("a replay", () => {
  it("gives windows of its own, which are read like the live ones, and leaves those alone", async () => {
    const there = await withPast();
    const [from, to] = [there.fromMs, there.fromMs + 10_000];
    const begun = await begin(there, { from: `${from}`, to: new Date(to).toISOString() });
    assert.equal(begun.statusCode, 202, begun.body);
    const { id } = begun.json() as ReplayAnswer;
    assert.equal(begun.headers["location"], `/api/v1/replays/${id}`);
    const done = await ended(there, id);
    assert.deepEqual([done.state, done.progress, done.error, done.farms], ["complete", 1, null, ["default"]]);
    assert.ok(done.events > 0 && done.windows > 0 && done.expiresMs! > done.finishedMs!);
    const url = `/api/v1/farms/default/fragmentation?from=${from}&to=${to}&step=10s`;
    const live = await ask<FarmFragmentationAnswer>(there, url, FarmFragmentationAnswer);
    const replayed = await ask<FarmFragmentationAnswer>(there, `${url}&replay=${id}`, FarmFragmentationAnswer);
    assert.deepEqual([live.points.length, replayed.points.length], [0, 1]);
    const node = `/api/v1/nodes/a/latency?signal=gc_pause&from=${from}&to=${to}&replay=${id}`;
    const latency = await ask<NodeLatencyAnswer>(there, node, NodeLatencyAnswer);
    assert.equal(latency.total.count, 9, "a pause in each second but the first");
    const { replays } = await ask<ReplaysAnswer>(there, "/api/v1/replays", ReplaysAnswer);
    assert.deepEqual(
      replays.map((replay) => replay.id),
      [id],
    );
    const app = await there.api.app();
    assert.equal((await app.inject({ method: "DELETE", url: `/api/v1/replays/${id}` })).statusCode, 200);
    assert.equal((await app.inject(`${url}&replay=${id}`)).statusCode, 404);
  });

  it("is refused when it makes no sense, or would give more than is kept", async () => {
    const there = await withPast();
    for (const [body, status] of [
      [{ from: "5", to: "5" }, 400],
      [{ from: "x", to: "5" }, 400],
      [{ from: "0" }, 400],
      [{ from: "0", to: "10", speed: 0 }, 400],
      [{ from: "0", to: `${50_001 * 10_000}`, nodes: ["a"] }, 422],
    ] as const) {
      const refused = await begin(there, body);
      assert.equal(refused.statusCode, status, `${JSON.stringify(body)}: ${refused.body}`);
    }
    const most = await begin(there, { from: "0", to: `${50_000 * 10_000}`, nodes: ["a"] });
    assert.equal(most.statusCode, 202, most.body);
    assert.equal((await (await installation().api.app()).inject("/api/v1/replays/none")).statusCode, 404);
  });
});
