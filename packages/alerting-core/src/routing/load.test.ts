import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { faultText } from "../rules/faults.ts";
import { checkRouting } from "./load.ts";
import { routingSchemaText } from "./schema.ts";

const ROOT = join(import.meta.dirname, "../../../..");

test("The routing document of docs/notifiers.md is valid", async () => {
  const text = await readFile(join(ROOT, "docs/notifiers.md"), "utf8");
  const { routing, faults } = checkRouting("example.yaml", /```yaml\n(.*?)```/s.exec(text)![1]!);
  assert.deepEqual(faults, []);
  assert.equal(routing!.rules.route.routes[0]!.groupWaitMs, 0);
  assert.equal(routing!.rules.route.routes[0]!.groupIntervalMs, 300_000);
  assert.equal(routing!.receivers.get("oncall")![0]!.name, "oncall-pagerduty");
});

test("Faults of a routing document are told by line and column, all at once", () => {
  const text = [
    "route:",
    "  receiver: nobody",
    "  routes:",
    "    - matchers: ['team=~\"(\"']",
    "      mute_time_intervals: [night]",
    "receivers:",
    "  - name: team",
    "    pagerduty_configs: [{}]",
  ].join("\n");
  const { routing, faults } = checkRouting("r.yaml", text);
  assert.equal(routing, null);
  const told = faults.map(faultText).join("\n");
  for (const place of ["r.yaml:2:13", "r.yaml:4:18", "r.yaml:5:29", "r.yaml:8:25"])
    assert.ok(told.includes(place), told);
});

test("The published schema is the one that documents are held against", async () => {
  const published = await readFile(join(ROOT, "services/alerting/routing/routing.schema.json"), "utf8");
  assert.deepEqual(JSON.parse(published), JSON.parse(routingSchemaText()));
});
