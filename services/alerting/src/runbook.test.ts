import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("every default alert has its section in the runbook, and no section is of an alert that is gone", () => {
  const alerts = [...read("../rules/default.yaml").matchAll(/^\s+- alert: (\w+)$/gm)].map((match) => match[1]!);
  const [ofAlerts = ""] = read("../../../docs/runbook.md").split("\n# Faults in");
  const sections = [...ofAlerts.matchAll(/^## (\w+)$/gm)].map((match) => match[1]!);
  assert.ok(alerts.length > 0);
  assert.deepEqual(sections.toSorted(), alerts.toSorted());
});

test("every link within the runbook leads to one of its sections", () => {
  const text = read("../../../docs/runbook.md");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
  );
  const links = [...text.matchAll(/\]\(#([a-z0-9-]+)\)/g)].map((match) => match[1]!);
  assert.deepEqual(
    links.filter((link) => !anchors.includes(link)),
    [],
  );
});
