import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OperatingError } from "@farmscope/runtime";
import { faultText } from "./faults.ts";
import { checkRules, checkRuleTexts, loadRules } from "./load.ts";
import { rulesSchemaText } from "./schema.ts";

const RULES_DIR = join(import.meta.dirname, "../../../../services/alerting/rules");

/** The faults of one file named r.yaml, as text. */
function faultsOf(text: string): string[] {
  return checkRuleTexts(new Map([["r.yaml", text]])).faults.map(faultText);
}

/** A file with one rule: its lines, the first of them `alert: …`. */
function ruleFile(...lines: string[]): string {
  return [
    "groups:",
    "  - name: g",
    "    rules:",
    `      - ${lines[0]}`,
    ...lines.slice(1).map((l) => `        ${l}`),
  ].join("\n");
}

test("The default rules are valid and mean what DESIGN 10 says", async () => {
  const { rules, faults } = await checkRules(RULES_DIR);
  assert.deepEqual(faults, []);
  const named = (name: string) => rules.find((rule) => rule.name === name);
  const [fragmented, tail, redis] = ["FarmFragmented", "RunQueueTail", "RedisFragmented"].map(named);
  assert.deepEqual(fragmented!.thresholds, {
    warning: { above: 0.6, below: null, clearBelow: 0.5, clearAbove: null },
    critical: { above: 0.85, below: null, clearBelow: 0.8, clearAbove: null },
  });
  assert.deepEqual(fragmented!.hold, { kind: "samples", count: 3 });
  assert.deepEqual(tail!.thresholds.critical, { above: 5000, below: null, clearBelow: 3000, clearAbove: null });
  assert.deepEqual(tail!.measure, { kind: "quantile", quantile: 0.99 });
  assert.equal(tail!.windowMs, 60_000);
  assert.deepEqual(redis!.thresholds, {
    warning: { above: 1.3, below: null, clearBelow: null, clearAbove: null },
    critical: { above: 1.5, below: 0.85, clearBelow: null, clearAbove: null },
  });
  assert.deepEqual(redis!.floor, { signal: "redis_mem_fragmentation_bytes", above: 100 * 2 ** 20 });
});

test("The published schema is the one that rules are held against", async () => {
  const published = await readFile(join(RULES_DIR, "rules.schema.json"), "utf8");
  assert.deepEqual(JSON.parse(published), JSON.parse(rulesSchemaText()));
});

test("Every fault of a file is reported at once, with its line, column and path", () => {
  const text = ruleFile(
    "alert: A B",
    "signal: unusable_free_spce_index",
    "ordr: huge",
    "for: soon",
    "warning: { above: 0.6, clear_belw: 0.5 }",
    "labels: { 1st: x }",
  );
  assert.deepEqual(faultsOf(text).sort(), [
    `r.yaml:4:16: groups[0].rules[0].alert must be a name of letters, digits, '_', '-' and '.', at most 100, not "A B"`,
    `r.yaml:5:17: groups[0].rules[0].signal must be a signal, not "unusable_free_spce_index"; did you mean unusable_free_space_index?`,
    "r.yaml:6:9: groups[0].rules[0].ordr is unknown; did you mean order?",
    `r.yaml:7:14: groups[0].rules[0].for must be a number of consecutive evaluations from 1 to 10000, or a duration such as 30s, not "soon"`,
    "r.yaml:8:32: groups[0].rules[0].warning.clear_belw is unknown; did you mean clear_below?",
    "r.yaml:9:19: groups[0].rules[0].labels.1st is not a name: letters, digits and '_', not beginning with a digit",
  ]);
});

test("What the schema cannot say is checked too, all of it", () => {
  const text = ruleFile(
    "alert: Tail",
    "signal: runq_delay",
    "order: 3",
    "window: 15s",
    "for: 1.5us",
    "warning: { above: 9ms }",
    "critical: { above: 5, clear_below: 8ms, below: 1ms, clear_above: 0.5ms }",
    "labels: { farm: x }",
    'annotations: { summary: "{{ .node }} {{ .value | ms }}" }',
  );
  assert.deepEqual(faultsOf(text).sort(), [
    "r.yaml:10:28: groups[0].rules[0].critical.above must be a duration such as 5ms, 30s or 1m, not 5",
    "r.yaml:10:74: groups[0].rules[0].critical.clear_above must not be less than 'below'",
    "r.yaml:11:19: groups[0].rules[0].labels.farm is a label that every alert has of itself",
    "r.yaml:12:33: groups[0].rules[0].annotations.summary unknown field '.node'; there are alert, coverage, farm, lower, severity, signal, upper, value (character 1 of the text)",
    "r.yaml:12:33: groups[0].rules[0].annotations.summary unknown filter 'ms'; there are bytes, duration, percent (character 13 of the text)",
    "r.yaml:4:9: groups[0].rules[0] has no 'quantile', which runq_delay needs, such as quantile: 0.99",
    "r.yaml:6:9: groups[0].rules[0].order means nothing for runq_delay",
    "r.yaml:7:17: groups[0].rules[0].window must be a multiple of 10s, at most 1h, not 15s",
    "r.yaml:8:14: groups[0].rules[0].for must be a duration of whole milliseconds, not 1.5us",
  ]);
});

test("Thresholds must be reachable, cleared on their own side, and graded", () => {
  const faults = (...lines: string[]) =>
    faultsOf(ruleFile("alert: F", "signal: unusable_free_space_index", ...lines)).map((line) => line.split(": ")[1]);
  assert.deepEqual(faults(), ["groups[0].rules[0] has neither 'warning' nor 'critical'"]);
  assert.deepEqual(faults("warning: { clear_below: 0.5 }"), [
    "groups[0].rules[0].warning has neither 'above' nor 'below'",
    "groups[0].rules[0].warning.clear_below needs 'above'",
  ]);
  assert.deepEqual(faults("warning: { above: 0.5, clear_below: 0.6 }"), [
    "groups[0].rules[0].warning.clear_below must not be more than 'above'",
  ]);
  assert.deepEqual(faults("warning: { above: 0.9 }", "critical: { above: 0.8 }"), [
    "groups[0].rules[0].critical.above must not be less than the warning's",
  ]);
  assert.deepEqual(faults("critical: { above: 0.2, below: 0.3 }"), [
    "groups[0].rules[0].critical.below must be less than 'above'",
  ]);
});

test("A signal is told apart only by what it is known of, and takes only what means something for it", () => {
  const faults = (...lines: string[]) =>
    faultsOf(ruleFile("alert: F", ...lines)).map((line) => line.slice(line.indexOf(" ") + 1));
  const above = "warning: { above: 1 }";
  assert.deepEqual(faults("signal: free_blocks", "by: node", "order: 4", "warning: { below: 3 }"), []);
  assert.deepEqual(faults("signal: clock_skew", "warning: { above: 5s }"), []);
  assert.deepEqual(faults("signal: clock_skew", "by: farm", "warning: { above: 5s }"), [
    "groups[0].rules[0].by must be node for clock_skew",
  ]);
  assert.deepEqual(faults("signal: node_offline", "by: cgroup", above), [
    "groups[0].rules[0].by must be farm or node for node_offline",
  ]);
  assert.deepEqual(faults("signal: node_offline", "order: 3", "quantile: 0.5", "window: 1m", above), [
    "groups[0].rules[0].order means nothing for node_offline",
    "groups[0].rules[0].quantile means nothing for node_offline",
    "groups[0].rules[0].window means nothing for node_offline",
  ]);
  assert.deepEqual(faults("signal: node_offline", "warning: { above: 3s }"), [
    "groups[0].rules[0].warning.above must be a number such as 3, not 3s",
  ]);
  const tail = ["signal: runq_delay", "quantile: 0.9", "warning: { above: 1ms }"];
  assert.deepEqual(faults(...tail, "by: cgroup", "window: 10m"), [
    "groups[0].rules[0].window must be a multiple of 10s, at most 5m, not 10m",
  ]);
});

test("A floor is a single value of the same instance, in its own unit", () => {
  const faults = (floor: string) =>
    faultsOf(
      ruleFile("alert: R", "signal: redis_mem_fragmentation_ratio", "warning: { above: 1.3 }", `floor: ${floor}`),
    ).map((line) => line.slice(line.indexOf(" ") + 1));
  assert.deepEqual(faults("{ signal: redis_mem_fragmentation_bytes, above: 100MiB }"), []);
  assert.deepEqual(faults("{ signal: redis_mem_fragmentation_bytes, above: 100 }"), [
    "groups[0].rules[0].floor.above must be a size such as 100MiB, not 100",
  ]);
  for (const signal of ["node_offline", "runq_delay", "free_blocks"]) {
    assert.deepEqual(faults(`{ signal: ${signal}, above: 1 }`), [
      `groups[0].rules[0].floor.signal must be a single value by instance, not ${signal}`,
    ]);
  }
});

test("An objective has an objective, a bound and burns, and nothing that would contradict them", () => {
  const burn = "{ severity: critical, rate: 14.4, long: 1h, short: 5m }";
  const slo = (text: string) => `slo: { objective: 0.999, good_below: 5ms, burn: [${text}] }`;
  const rule = ["alert: Slo", "signal: runq_delay"];
  const { rules, faults } = checkRuleTexts(new Map([["r.yaml", ruleFile(...rule, slo(burn))]]));
  assert.deepEqual(faults, []);
  assert.deepEqual(rules[0]!.measure, {
    kind: "burn-rate",
    slo: {
      objective: 0.999,
      goodBelowUs: 5000,
      burns: [{ severity: "critical", rate: 14.4, longMs: 3_600_000, shortMs: 300_000 }],
    },
  });
  const wrong = ["quantile: 0.9", "by: node", slo("{ severity: warning, rate: 1, long: 7h, short: 5s }")];
  assert.deepEqual(
    faultsOf(ruleFile(...rule, ...wrong)).map((line) => line.slice(line.indexOf(" ") + 1)),
    [
      "groups[0].rules[0].by must be farm for an 'slo'",
      "groups[0].rules[0].quantile means nothing beside 'slo'",
      "groups[0].rules[0].slo.burn[0].long must be a multiple of 10s, at most 6h, not 7h",
      "groups[0].rules[0].slo.burn[0].short must be a multiple of 10s, at most 6h, not 5s",
      "groups[0].rules[0].slo.burn[0].short must be shorter than 'long'",
    ],
  );
});

test("Two rules of one name are a fault, also across files", () => {
  const text = ruleFile("alert: F", "signal: unusable_free_space_index", "warning: { above: 0.5 }");
  const { faults } = checkRuleTexts(new Map(["a.yaml", "b.yaml"].map((file) => [file, text])));
  assert.deepEqual(faults.map(faultText), ["b.yaml:4:16: groups[0].rules[0].alert F is the name of another rule"]);
});

test("What is no YAML, or none of ours, is said so, and nothing throws", () => {
  assert.match(faultsOf("groups: [")[0]!, /^r\.yaml:1:10: is not valid YAML: /);
  assert.match(faultsOf("groups:\n  - name: a\n    name: b")[0]!, /^r\.yaml:3:5: is not valid YAML: .*unique/);
  assert.deepEqual(faultsOf(""), ["r.yaml:1:1: must be a file with `groups`, not null"]);
  assert.deepEqual(faultsOf("- 1"), ["r.yaml:1:1: must be a file with `groups`, not [1]"]);
  assert.deepEqual(faultsOf("groups: 7"), ["r.yaml:1:9: groups must be a list of at most 100 groups, not 7"]);
  assert.deepEqual(faultsOf("groups: [null, {name: x, rules: [null]}]"), [
    "r.yaml:1:10: groups[0] must be a group of rules, not null",
    "r.yaml:1:34: groups[1].rules[0] must be a rule, not null",
  ]);
});

test("Aliases that would grow beyond all bounds are refused", () => {
  const levels = Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}, *a${at}]`);
  assert.match(faultsOf(["a0: &a0 [x]", ...levels].join("\n"))[0]!, /is not usable YAML: .*alias/i);
});

test("Rules that cannot be used are thrown as RULES_INVALID with every fault in the message", async () => {
  await assert.rejects(loadRules("/nonexistent/rules"), (error) => {
    assert.ok(error instanceof OperatingError && error.code === "RULES_INVALID" && !error.retriable);
    assert.match(error.message, /1 fault in the alert rules\n {2}\/nonexistent\/rules: cannot be read: ENOENT/);
    return true;
  });
});
