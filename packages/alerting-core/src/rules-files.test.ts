import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { faultText } from "./rules/faults.ts";
import { checkRuleFiles, testRuleFiles } from "./rules-files.ts";

const RULES_DIR = join(import.meta.dirname, "../../../services/alerting/rules");
const RULE = `groups: [{ name: g, rules: [{ alert: Skew, signal: clock_skew, warning: { above: 5s } }] }]\n`;

async function directory(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "farmscope-rules-"));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

test("The default rules do what their tests say, and every one of them is tested", async () => {
  const [report, ...others] = await testRuleFiles([RULES_DIR]);
  assert.deepEqual(others, []);
  assert.deepEqual(report!.faults.map(faultText), []);
  const { rules } = await checkRuleFiles([RULES_DIR]);
  assert.ok(report!.passed.length >= rules.length - 1, `${report!.passed.length} tests for ${rules.length} rules`);
});

test("What is not as expected is told with its line, and what it is instead", async (t) => {
  const dir = await directory(t, {
    "r.yaml": RULE,
    "r.test.yaml": [
      "rules: [r.yaml]",
      "tests:",
      "  - name: wrong throughout",
      "    series: [{ signal: clock_skew, labels: { node: a }, values: '6s 1s' }]",
      "    expect:",
      "      - { at: 10s, alert: Skew, labels: { node: a }, is: inactive, severity: critical }",
      "    transitions:",
      "      - 10s Skew{farm=default,node=a} firing warning",
    ].join("\n"),
  });
  const [report] = await testRuleFiles([dir]);
  assert.deepEqual([report!.passed, report!.failed], [[], ["wrong throughout"]]);
  assert.deepEqual(
    report!.faults.map((fault) => faultText(fault).replace(`${dir}/`, "")),
    [
      "r.test.yaml:6:58: tests[0].expect[0].is must be firing, which Skew{farm=default,node=a} is",
      "r.test.yaml:6:78: tests[0].expect[0].severity must be warning, not critical",
      "r.test.yaml:8:7: tests[0].transitions must go on with: 20s Skew{farm=default,node=a} resolved warning",
    ],
  );
});

test("A test file that is none, and one that names rules that are none, say so", async (t) => {
  const dir = await directory(t, {
    "a.test.yaml": "rules: [gone.yaml]\ntests: []\n",
    "b.test.yaml": "rules: [../r.yaml]\ntests: []\n",
    "c.test.yaml": "rules: []\ntests: [{ name: x, series: [{ signal: clock_sku, values: '1' }] }]\n",
    "d.test.yaml": "rules: [r.yaml]\ntests: [{ name: x, series: [{ signal: clock_skew, values: '1s 5q' }] }]\n",
    "r.yaml": RULE,
  });
  const reports = await testRuleFiles([dir]);
  const texts = reports.flatMap(({ faults }) => faults.map((fault) => faultText(fault).replaceAll(`${dir}/`, "")));
  assert.match(texts[0]!, /^gone\.yaml: cannot be read: ENOENT/);
  assert.deepEqual(texts.slice(1), [
    "b.test.yaml: rules ../r.yaml is not beside it",
    "c.test.yaml:1:8: rules must be a list of rules files, beside this one, not []",
    'c.test.yaml:2:39: tests[0].series[0].signal must be a signal, not "clock_sku"; did you mean clock_skew?',
    "d.test.yaml:2:59: tests[0].series[0].values has '5q', which is no value, '_', '-', nor one of them repeated as in 0.7x3",
  ]);
});
