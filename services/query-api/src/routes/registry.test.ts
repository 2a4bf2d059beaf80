import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ControlAppender } from "@farmscope/control";
import { ControlRecordSchema, fromBinary } from "@farmscope/proto";
import Value from "typebox/value";
import { FARM, fill, type Installation, installation } from "../fixtures.ts";
import { MembershipAnswer, Problem } from "../schemas/index.ts";
import { writeTokens } from "../testing/tokens.ts";

async function move(there: Installation, farm: string, node: string): Promise<MembershipAnswer> {
  const app = await there.api.app();
  const response = await app.inject({ method: "PUT", url: `/api/v1/farms/${farm}/nodes/${node}` });
  assert.equal(response.statusCode, 200, response.body);
  assert.deepEqual([...Value.Errors(MembershipAnswer, response.json())], []);
  return response.json();
}

async function records({ log }: Installation) {
  const { last } = await log.positions({ kind: "control" });
  if (last === 0) return [];
  const reader = await log.read({ kind: "control" }, { from: 1 });
  const found = await reader.next(last, 0);
  await reader.close();
  return found.map(({ payload }) => fromBinary(ControlRecordSchema, payload));
}

describe("PUT /api/v1/farms/{farm}/nodes/{node}", () => {
  it("appends a membership of the next version and answers with it", async () => {
    const there = installation();
    await fill(there.store);
    const first = await move(there, "edge", "a");
    assert.deepEqual([first.version, first.changed, first.position, first.reportedFarm], [1, true, 1, FARM]);
    const second = await move(there, "core", "a");
    assert.deepEqual([second.version, second.changed, second.position], [2, true, 2]);
    const [, newest] = await records(there);
    assert.deepEqual([newest?.body.case, newest?.by], ["membership", "local"]);
    assert.deepEqual({ ...newest?.body.value, $typeName: undefined }, {
      node: "a",
      farm: "core",
      version: 2,
      $typeName: undefined,
    } as never);
  });

  it("writes nothing when the node belongs to the farm already", async () => {
    const there = installation();
    const first = await move(there, "edge", "unseen");
    const again = await move(there, "edge", "unseen");
    assert.deepEqual([again.version, again.changed, again.position], [first.version, false, first.position]);
    assert.equal(first.reportedFarm, null);
    assert.equal((await records(there)).length, 1);
  });

  it("takes names of any characters, up to 128 of them, and refuses one more", async () => {
    const there = installation();
    const app = await there.api.app();
    const name = "ä/".repeat(64);
    const put = (farm: string) =>
      app.inject({ method: "PUT", url: `/api/v1/farms/${encodeURIComponent(farm)}/nodes/${encodeURIComponent(name)}` });
    assert.equal((await put(name)).json().farm, name);
    const refused = await put(`${name}x`);
    assert.equal(refused.statusCode, 400);
    assert.deepEqual([...Value.Errors(Problem, refused.json())], []);
    assert.equal(refused.json().code, "REQUEST_INVALID");
    assert.equal((await records(there)).length, 1);
  });

  it("tries again when another replica moves the node at the same time, so that each move has its own version", async () => {
    const there = installation();
    const other = new ControlAppender({ log: there.log, clock: there.clock, by: "other" });
    const append = there.log.append.bind(there.log);
    let isFirst = true;
    there.log.append = async (...rest: Parameters<typeof append>) => {
      if (isFirst) {
        isFirst = false;
        await other.append({ case: "membership", value: { node: "a", farm: "theirs", version: 1 } });
      }
      return append(...rest);
    };
    const answer = await move(there, "ours", "a");
    assert.deepEqual([answer.version, answer.changed], [2, true]);
    const versions = (await records(there)).map(({ body }) =>
      body.case === "membership" ? `${body.value.farm} ${body.value.version}` : "",
    );
    assert.deepEqual(versions, ["theirs 1", "ours 1", "ours 2"]);
  });

  it("needs the role operate, and the log names who asked", async () => {
    const tokens = writeTokens([
      { name: "viewer", role: "read", token: "viewer-token-0123456789" },
      { name: "operator", role: "operate", token: "operator-token-0123456789" },
    ]);
    const there = installation({ tokensFile: tokens.path });
    try {
      const app = await there.api.app();
      const put = (token: string) =>
        app.inject({
          method: "PUT",
          url: "/api/v1/farms/edge/nodes/a",
          headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        });
      assert.equal((await put("")).statusCode, 401);
      assert.equal((await put("viewer-token-0123456789")).statusCode, 403);
      assert.equal((await records(there)).length, 0);
      assert.equal((await put("operator-token-0123456789")).json().by, "operator");
    } finally {
      tokens.remove();
    }
  });
});
