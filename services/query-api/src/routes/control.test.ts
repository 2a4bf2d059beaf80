import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { controlRecord } from "@farmscope/domain";
import { AlertRecordSchema, ControlRecordSchema, create, Severity, Transition, toBinary } from "@farmscope/proto";
import Value from "typebox/value";
import { FARM, fill, type Installation, installation, START_MS } from "../fixtures.ts";
import {
  AckAnswer,
  Annotation,
  AnnotationsAnswer,
  ControlAnswer,
  type Problem,
  RulesAnswer,
  SilenceAnswer,
  SilencesAnswer,
} from "../schemas/index.ts";
import { writeTokens } from "../testing/tokens.ts";
import { ask } from "./ask-fixture.ts";

type Method = "POST" | "PUT" | "DELETE";

async function send({ api }: Installation, method: Method, url: string, body?: object, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await api.app()).inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
}

describe("sampling of a farm", () => {
  it("is asked for rate by rate, and read back", async () => {
    const there = installation();
    const before = await ask<ControlAnswer>(there, `/api/v1/control/${FARM}`, ControlAnswer);
    assert.deepEqual([before.pageKeepOneIn, before.runqKeepOneIn, before.by], [null, null, null]);
    assert.equal((await send(there, "PUT", `/api/v1/control/${FARM}`, { pageKeepOneIn: 8 })).statusCode, 200);
    const second = await send(there, "PUT", `/api/v1/control/${FARM}`, { runqKeepOneIn: 100 });
    assert.deepEqual([...Value.Errors(ControlAnswer, second.json())], []);
    const after = await ask<ControlAnswer>(there, `/api/v1/control/${FARM}`, ControlAnswer);
    assert.deepEqual([after.pageKeepOneIn, after.runqKeepOneIn, after.position], [8, 100, 2]);
    for (const body of [{}, { pageKeepOneIn: 0 }, { pageKeepOneIn: 65_537 }, { other: 1 }]) {
      assert.equal((await send(there, "PUT", `/api/v1/control/${FARM}`, body)).statusCode, 400, JSON.stringify(body));
    }
    assert.equal((await send(there, "PUT", `/api/v1/control/${FARM}`, { pageKeepOneIn: 65_536 })).statusCode, 200);
  });
});

describe("annotations", () => {
  it("are told, and listed by time and farm, the newest first", async () => {
    const there = installation();
    const one = {
      at: "2023-11-14T22:00:00Z",
      text: "deployed",
      farm: FARM,
      tags: { version: "7" },
      url: "https://ci/7",
    };
    const told = await send(there, "POST", "/api/v1/annotations", one);
    assert.equal(told.statusCode, 201, told.body);
    assert.deepEqual([...Value.Errors(Annotation, told.json())], []);
    await send(there, "POST", "/api/v1/annotations", { text: "everywhere" });
    await send(there, "POST", "/api/v1/annotations", { text: "elsewhere", farm: "other" });
    const list = async (query: string) =>
      (await ask<AnnotationsAnswer>(there, `/api/v1/annotations${query}`, AnnotationsAnswer)).annotations.map(
        ({ text }) => text,
      );
    assert.deepEqual(await list(`?farm=${FARM}`), ["everywhere", "deployed"]);
    assert.deepEqual(await list("?to=2023-11-14T22:00:01Z"), ["deployed"]);
    assert.deepEqual(await list("?limit=1").then((texts) => texts.length), 1);
  });

  it("are refused with every fault", async () => {
    const there = installation();
    const refused = await send(there, "POST", "/api/v1/annotations", { text: "x", at: "then", until: "later" });
    assert.equal(refused.statusCode, 400);
    assert.deepEqual(
      (refused.json() as Problem).errors?.map(({ field }) => field),
      ["at", "until"],
    );
    for (const body of [{ text: "" }, { text: "x".repeat(2_001) }, { text: "x", url: "javascript:x" }]) {
      assert.equal((await send(there, "POST", "/api/v1/annotations", body)).statusCode, 400);
    }
    assert.equal((await send(there, "POST", "/api/v1/annotations", { text: "x".repeat(2_000) })).statusCode, 201);
  });
});

describe("silences", () => {
  it("begin, are listed, are replaced under their id, and end", async () => {
    const there = installation();
    const matchers = [{ label: "farm", kind: "=", value: FARM }];
    const ends = new Date(there.clock.nowMs() + 3_600_000).toISOString();
    const begun = await send(there, "POST", "/api/v1/silences", { matchers, ends, comment: "drill" });
    assert.equal(begun.statusCode, 201, begun.body);
    const { silence } = begun.json();
    assert.deepEqual([silence.state, silence.matchers, silence.comment], ["active", matchers, "drill"]);
    const again = await send(there, "POST", "/api/v1/silences", { id: silence.id, matchers, ends, comment: "longer" });
    assert.deepEqual([...Value.Errors(SilenceAnswer, again.json())], []);
    const list = async (query = "") =>
      (await ask<SilencesAnswer>(there, `/api/v1/silences${query}`, SilencesAnswer)).silences.map(
        ({ comment }) => comment,
      );
    assert.deepEqual(await list(), ["longer"]);
    await there.clock.advance(1_000);
    const ended = await send(there, "DELETE", `/api/v1/silences/${silence.id}`);
    assert.deepEqual([ended.statusCode, ended.json().silence.state], [200, "expired"]);
    assert.deepEqual([await list(), await list("?expired=true")], [[], ["longer"]]);
    assert.equal((await send(there, "DELETE", "/api/v1/silences/none")).statusCode, 404);
  });

  it("do not mute everything, nor end before they begin", async () => {
    const there = installation();
    const all = [{ label: "farm", kind: "=~", value: ".*" }];
    for (const body of [
      { matchers: [], ends: "2030-01-01T00:00:00Z" },
      { matchers: all, ends: "2030-01-01T00:00:00Z" },
      { matchers: [{ label: "farm", kind: "=", value: "a" }], ends: "1999-01-01T00:00:00Z" },
    ]) {
      assert.equal((await send(there, "POST", "/api/v1/silences", body)).statusCode, 400, JSON.stringify(body));
    }
  });
});

describe("acknowledging", () => {
  it("goes by incident or by event, and is taken back", async () => {
    const there = installation();
    const event = {
      alertKey: "Rule{}",
      rule: "Rule",
      incident: "Rule{}/1",
      transition: Transition.FIRING,
      severity: Severity.WARNING,
    };
    const record = create(AlertRecordSchema, {
      id: "e1",
      body: { case: "event", value: { ...event, atMs: BigInt(START_MS) } },
    });
    await there.log.append({ kind: "alert" }, "Rule{}", toBinary(AlertRecordSchema, record));
    const acked = await send(there, "POST", `/api/v1/alerts/${encodeURIComponent("Rule{}/1")}/ack`, {
      comment: "mine",
    });
    assert.equal(acked.statusCode, 200, acked.body);
    assert.deepEqual([...Value.Errors(AckAnswer, acked.json())], []);
    assert.deepEqual([acked.json().incident, acked.json().acknowledged], ["Rule{}/1", true]);
    const back = await send(there, "POST", "/api/v1/alerts/e1/ack", { withdrawn: true });
    assert.equal(back.json().acknowledged, false);
    assert.equal((await send(there, "POST", "/api/v1/alerts/none/ack", {})).statusCode, 404);
  });
});

describe("rules", () => {
  it("are those in force, as their files read and one by one", async () => {
    const there = installation();
    assert.deepEqual((await ask<RulesAnswer>(there, "/api/v1/rules", RulesAnswer)).files, []);
    const text = [
      "groups:",
      "  - name: g",
      "    rules:",
      "      - alert: Tail",
      "        signal: runq_delay",
      "        quantile: 0.99",
      "        critical: { above: 5ms }",
    ].join("\n");
    const value = { files: [{ name: "a.yaml", text }], sha256: new Uint8Array(32) };
    const record = controlRecord({ id: "r", atMs: START_MS, by: "alerting" }, { case: "rules", value });
    await there.log.append({ kind: "control" }, "rules", toBinary(ControlRecordSchema, record));
    const answer = await ask<RulesAnswer>(there, "/api/v1/rules", RulesAnswer);
    assert.deepEqual(answer.files, [{ name: "a.yaml", text }]);
    assert.deepEqual(
      answer.rules.map(({ rule, group, quantile }) => [rule, group, quantile]),
      [["Tail", "g", 0.99]],
    );
  });
});

it("whoever may only read may not change anything", async () => {
  const file = writeTokens([{ name: "reader", role: "read", token: "r".repeat(16) }]);
  try {
    const there = installation({ tokensFile: file.path });
    await fill(there.store);
    const requests: [Method, string, object | undefined][] = [
      ["PUT", "/api/v1/control/default", { pageKeepOneIn: 2 }],
      ["POST", "/api/v1/annotations", { text: "x" }],
      ["POST", "/api/v1/silences", { matchers: [{ label: "a", kind: "=", value: "b" }], ends: "2030-01-01T00:00:00Z" }],
      ["DELETE", "/api/v1/silences/x", undefined],
      ["POST", "/api/v1/alerts/x/ack", {}],
    ];
    for (const [method, url, body] of requests) {
      assert.equal((await send(there, method, url, body)).statusCode, 401, url);
      assert.equal((await send(there, method, url, body, "r".repeat(16))).statusCode, 403, url);
    }
  } finally {
    file.remove();
  }
});
