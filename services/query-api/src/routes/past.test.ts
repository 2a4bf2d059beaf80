import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FreeBlocksAnswer, NodeAnswer, PageMapAnswer, type Problem } from "../schemas/index.ts";
import { ask } from "./ask-fixture.ts";
import { withPast } from "./past-fixture.ts";

describe("a node at a moment of the past", () => {
  it("is folded from the log, by position and by time, and says so", async () => {
    const there = await withPast();
    const now = await ask<NodeAnswer>(there, "/api/v1/nodes/a", NodeAnswer);
    assert.equal(now.basis, "view");
    for (const [at, batches, position] of [
      ["@1", 1, 1],
      ["@20", 10, 19],
      [`${there.fromMs + 9_999}`, 10, 19],
      [new Date(there.fromMs + 9_999).toISOString(), 10, 19],
      ["@999999", 20, 39],
    ] as const) {
      const then = await ask<NodeAnswer>(there, `/api/v1/nodes/a?at=${at}`, NodeAnswer);
      assert.deepEqual([then.basis, then.batches.folded, then.position], ["log", batches, position], at);
    }
  });

  it("has its free blocks and its page map, which agree", async () => {
    const there = await withPast();
    const free = await ask<FreeBlocksAnswer>(there, "/api/v1/nodes/a/free-blocks?at=@30", FreeBlocksAnswer);
    const map = await ask<PageMapAnswer>(there, "/api/v1/nodes/a/pages?at=@30", PageMapAnswer);
    assert.deepEqual([free.position, map.position, map.basis], [29, 29, "log"]);
    const counted = map.runs.state.reduce((sum, state, i) => sum + (state === 1 ? map.runs.count[i]! : 0), 0);
    assert.equal(counted, free.zones[0]!.freePages);
    assert.ok(counted > 0);
  });

  it("is cut by time: what is stamped later is not in it", async () => {
    const there = await withPast();
    const batchMs = there.fromMs + 10_000;
    const map = async (ms: number) => ask<PageMapAnswer>(there, `/api/v1/nodes/a/pages?at=${ms}`, PageMapAnswer);
    const [before, within] = [await map(batchMs - 1), await map(batchMs)];
    assert.deepEqual([before.position, within.position], [19, 21]);
    assert.equal(before.at, new Date(batchMs - 1).toISOString());
    assert.notDeepEqual(within.runs, before.runs);
  });

  it("is refused where it is not retained, not understood, or not there", async () => {
    const there = await withPast();
    const app = await there.api.app();
    for (const [path, status, code] of [
      [`/api/v1/nodes/a?at=${there.fromMs - 5_000}`, 410, "NOT_RETAINED"],
      ["/api/v1/nodes/a?at=@0", 410, "NOT_RETAINED"],
      ["/api/v1/nodes/nobody?at=@5", 404, "NOT_FOUND"],
      ["/api/v1/nodes/a?at=yesterday", 400, "REQUEST_INVALID"],
      ["/api/v1/nodes/a/pages?at=2023-13-45T00:00:00Z", 400, "REQUEST_INVALID"],
    ] as const) {
      const response = await app.inject(path);
      assert.deepEqual([response.statusCode, (response.json() as Problem).code], [status, code], path);
    }
  });
});
