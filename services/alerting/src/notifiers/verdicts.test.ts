import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { VERDICTS, verdictOf } from "./verdicts.ts";

test("docs/notifiers.md has the same matrix of statuses and notifiers, row by row", async () => {
  const text = await readFile(join(import.meta.dirname, "../../../../docs/notifiers.md"), "utf8");
  const documented = Array.from(text.matchAll(/^\| (\d.*) \|$/gm), ([, row]) => row!.split(" | "));
  const coded = VERDICTS.map(({ from, to, pagerduty, slack, webhook, reason }) => [
    from === to ? String(from) : `${from}-${to}`,
    pagerduty,
    slack,
    webhook,
    reason,
  ]);
  assert.deepEqual(documented, coded);
});

test("Every status has the verdict that its vendor documents", () => {
  for (const [status, pagerduty, slack, webhook] of [
    [0, "retry", "retry", "retry"],
    [200, "delivered", "delivered", "delivered"],
    [202, "delivered", "delivered", "delivered"],
    [301, "rejected", "rejected", "rejected"],
    [400, "rejected", "rejected", "rejected"],
    [401, "target-disabled", "target-disabled", "rejected"],
    [403, "target-disabled", "target-disabled", "rejected"],
    [404, "target-disabled", "target-disabled", "rejected"],
    [408, "retry", "retry", "retry"],
    [410, "target-disabled", "target-disabled", "target-disabled"],
    [413, "rejected", "rejected", "rejected"],
    [425, "retry", "retry", "retry"],
    [429, "retry", "retry", "retry"],
    [499, "rejected", "rejected", "rejected"],
    [500, "retry", "retry", "retry"],
    [501, "retry", "retry", "rejected"],
    [503, "retry", "retry", "retry"],
    [505, "retry", "retry", "rejected"],
    [599, "retry", "retry", "retry"],
    [600, "rejected", "rejected", "rejected"],
  ] as const) {
    const found = (["pagerduty", "slack", "webhook"] as const).map((kind) => verdictOf(kind, status).verdict);
    assert.deepEqual(found, [pagerduty, slack, webhook], String(status));
  }
});
