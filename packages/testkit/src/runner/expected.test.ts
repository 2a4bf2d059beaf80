import assert from "node:assert/strict";
import { test } from "node:test";
import { judged } from "./expected.ts";
import { closingLine, details, summaryTable } from "./report.ts";
import type { SuiteResult } from "./suite-run.ts";

const result: SuiteResult = {
  name: "unit",
  passed: 7,
  failed: 1,
  skipped: 2,
  seconds: 1.25,
  failures: [{ title: "a.test.ts:3  it adds", text: "1 is not 2" }],
  skips: [{ title: "b.test.ts:9  it loads", text: "bpf: not root" }],
};

test("a suite with as many tests as expected, whatever became of them, is judged by its tests alone", () => {
  assert.equal(judged(result, { unit: 10 }), result);
});

test("a suite with one test less than expected has a failure more that says so", () => {
  const { failed, failures } = judged(result, { unit: 11 });
  assert.equal(failed, 2);
  assert.match(`${failures.at(-1)?.title}: ${failures.at(-1)?.text}`, /unit suite has 10 tests: .* says 11/);
});

test("a suite that the file does not know is a failure", () => {
  assert.equal(judged(result, {}).failed, 2);
});

test("the closing line adds up all suites", () => {
  assert.equal(
    closingLine([result, { ...result, passed: 3, failed: 0, skipped: 0 }]),
    "10 passed, 1 failed, 2 skipped",
  );
});

test("failures are told with their text and skips with their reason", () => {
  assert.equal(
    details(result),
    "FAILED  a.test.ts:3  it adds\n    1 is not 2\n\nskipped: bpf: not root  (b.test.ts:9  it loads)",
  );
  assert.match(summaryTable([result]), /unit +7 +1 +2 +1\.3 s/);
});
