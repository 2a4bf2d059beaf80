import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openCoordination } from "@farmscope/coordination";
import { MemoryLog } from "@farmscope/log";
import { createLogger, ManualClock, OperatingError } from "@farmscope/runtime";
import { MemoryStore } from "@farmscope/store";
import { type AlertingParts, createAlerting, RulesInvalid } from "./index.ts";

function parts(config: Partial<AlertingParts["config"]>): AlertingParts {
  const clock = new ManualClock();
  return {
    log: new MemoryLog({ clock }),
    store: new MemoryStore(clock),
    coordination: openCoordination({ kind: "memory", url: "", namespace: "fs", replicas: 1, clock }),
    clock,
    logger: createLogger("alerting", "silent"),
    config: {
      rulesDir: "services/alerting/rules",
      webhookUrl: "",
      webhookSecret: "",
      routingFile: "",
      consoleUrl: "",
      http: "127.0.0.1:7070",
      namespace: "fs",
      replicaId: "a",
      ...config,
    },
  };
}

test("The default configuration gives a service with the default rules that stands by", async () => {
  const { rules, role, trouble } = (await createAlerting(parts({}))).status();
  assert.deepEqual({ rules, role, trouble }, { rules: 15, role: "standby", trouble: "not started" });
});

test("Rules that are invalid stop the start with every fault of every file", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "farmscope-rules-"));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "a.yaml"), "groups: 1\n");
  await writeFile(join(dir, "b.yml"), "groups: []\nextra: 2\n");
  await writeFile(join(dir, "c.test.yaml"), "this is no rules file\n");
  await assert.rejects(createAlerting(parts({ rulesDir: dir })), (error) => {
    assert.ok(error instanceof RulesInvalid);
    assert.deepEqual(
      error.faults.map(({ file, line, column, path }) => `${file}:${line}:${column} ${path}`),
      ["a.yaml:1:9 groups", "b.yml:2:1 extra"],
    );
    return true;
  });
});

test("A webhook that is no address stops the start", async () => {
  await assert.rejects(
    createAlerting(parts({ webhookUrl: "nowhere" })),
    (error) => error instanceof OperatingError && error.code === "CONFIG_INVALID",
  );
});
