import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { partitionOf } from "@farmscope/domain";
import {
  AlertRecordSchema,
  create,
  DeadLetterSchema,
  DeliveryResult,
  Severity,
  Transition,
  toBinary,
} from "@farmscope/proto";
import { FARM, fill, installation, PARTITIONS, START_MS } from "../fixtures.ts";
import * as schemas from "../schemas/index.ts";
import { ask } from "./ask-fixture.ts";

describe("alerts", () => {
  it("folds the alert stream: what is active, what happened, what was sent", async () => {
    const there = installation();
    const append = (record: Parameters<typeof create<typeof AlertRecordSchema>>[1]) =>
      there.log.append({ kind: "alert" }, "k", toBinary(AlertRecordSchema, create(AlertRecordSchema, record)));
    const event = (alertKey: string, transition: Transition, atMs: number) => ({
      rule: "R",
      alertKey,
      incident: `${alertKey}@1`,
      transition,
      severity: Severity.CRITICAL,
      value: 0.9,
      lower: 0.8,
      upper: Number.POSITIVE_INFINITY,
      coverage: 0.5,
      atMs: BigInt(atMs),
      labels: { farm: FARM },
    });
    await append({
      version: 1,
      id: "1",
      body: { case: "event", value: event("R{farm=a}", Transition.FIRING, START_MS) },
    });
    await append({
      version: 1,
      id: "1",
      body: { case: "event", value: event("R{farm=a}", Transition.FIRING, START_MS) },
    });
    await append({
      version: 1,
      id: "2",
      body: { case: "event", value: event("R{farm=b}", Transition.FIRING, START_MS) },
    });
    await append({
      version: 1,
      id: "3",
      body: { case: "event", value: event("R{farm=b}", Transition.RESOLVED, START_MS + 1) },
    });
    await append({
      version: 1,
      id: "4",
      body: { case: "intent", value: { target: "webhook", alertKey: "R{farm=a}", incident: "i", attempt: 1 } },
    });
    await append({
      version: 1,
      id: "5",
      body: { case: "outcome", value: { intentId: "4", result: DeliveryResult.DELIVERED, httpStatus: 204 } },
    });
    await there.log.append({ kind: "alert" }, "k", Uint8Array.of(255, 255, 255));
    const answer = await ask<schemas.AlertsAnswer>(there, "/api/v1/alerts", schemas.AlertsAnswer);
    assert.equal(answer.position, 7);
    assert.deepEqual(
      answer.active.map((each) => [each.alertKey, each.severity, each.upper]),
      [["R{farm=a}", "critical", null]],
    );
    assert.deepEqual(
      answer.events.map((each) => each.id),
      ["3", "2", "1"],
    );
    assert.deepEqual(
      answer.deliveries.map((each) => [each.result, each.httpStatus]),
      [["delivered", 204]],
    );
    const none = await ask<schemas.AlertsAnswer>(there, "/api/v1/alerts?farm=other&limit=1", schemas.AlertsAnswer);
    assert.deepEqual([none.active, none.events, none.deliveries], [[], [], []]);
  });
});

describe("status", () => {
  it("names positions, lag, loss by stage, dead letters and warnings", async () => {
    const there = installation();
    await fill(there.store);
    const partition = partitionOf("a", PARTITIONS);
    for (let i = 0; i < 5; i++) await there.log.append({ kind: "event", partition }, "a", Uint8Array.of(i));
    const dead = create(DeadLetterSchema, { stream: "fs.ev", position: 3n, reason: 2, detail: "version 9" });
    await there.log.append({ kind: "dead" }, "x", toBinary(DeadLetterSchema, dead));
    await there.api.context.coordination.acquire(`p${partition}`, "replica-1");
    const status = await ask<schemas.StatusAnswer>(there, "/api/v1/status", schemas.StatusAnswer);
    const line = status.partitions[partition];
    assert.deepEqual(
      [line?.owner, line?.position, line?.last],
      ["replica-1", (await there.store.committed(`p${partition}`))?.position, 5],
    );
    assert.equal(line?.lag, 5 - line!.position!);
    assert.equal(status.loss.find((each) => each.stage === "batches: sequence gaps")?.count, 2);
    assert.equal(status.balances.pages.lost, 6);
    assert.deepEqual(status.deadLetters.newest[0], {
      stream: "fs.ev",
      position: 3,
      reason: "unknown_version",
      detail: "version 9",
      appendedAtMs: 0,
    });
    assert.deepEqual(status.nodes, { known: 2, online: 2, observed: 2 });
    assert.match(status.warnings.join("\n"), /store: views are lost with the process/);
  });

  it("answers while the store is away, and says so", async () => {
    const there = installation();
    there.store.goAway();
    const status = await ask<schemas.StatusAnswer>(there, "/api/v1/status", schemas.StatusAnswer);
    assert.equal(status.store?.connected, false);
    assert.match(status.warnings.join("\n"), /partition 0: the memory store was told to be away/);
    assert.deepEqual(status.partitions, []);
  });
});

describe("health", () => {
  it("lives always, and is ready when the log and the store can be reached", async () => {
    const there = installation();
    const app = await there.api.app();
    assert.equal((await app.inject("/readyz")).statusCode, 200);
    there.store.goAway();
    const away = await app.inject("/readyz");
    assert.equal(away.statusCode, 503);
    assert.deepEqual(
      away.json().checks.map((check: schemas.ReadyAnswer["checks"][number]) => [check.name, check.ready]),
      [
        ["log", true],
        ["store", false],
      ],
    );
    assert.equal((await app.inject("/livez")).statusCode, 200);
    there.store.comeBack();
    assert.equal((await app.inject("/readyz")).statusCode, 200);
    await there.log.close();
    const noLog = await app.inject("/readyz");
    assert.deepEqual([noLog.statusCode, noLog.json().checks[0].ready], [503, false]);
  });
});
