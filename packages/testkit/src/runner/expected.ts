import { readFileSync, writeFileSync } from "node:fs";
import type { SuiteResult } from "./suite-run.ts";

/** Fewest tests that each suite must have run or skipped; kept in expected-tests.json, so that none can vanish unseen. */
export type ExpectedTests = Readonly<Record<string, number>>;

const FILE = new URL("../../expected-tests.json", import.meta.url);

export function readExpected(): ExpectedTests {
  return JSON.parse(readFileSync(FILE, "utf8")) as ExpectedTests;
}

/** Writes the counts of these results over what was expected; suites that did not run keep theirs. */
export function writeExpected(expected: ExpectedTests, results: readonly SuiteResult[]): void {
  const counts = Object.fromEntries(results.map((result) => [result.name, countOf(result)]));
  writeFileSync(FILE, `${JSON.stringify({ ...expected, ...counts }, null, 2)}\n`);
}

/** The result, with a failure more when the suite had fewer tests than expected or is not known to the file. */
export function judged(result: SuiteResult, expected: ExpectedTests): SuiteResult {
  const wanted = expected[result.name];
  if (wanted !== undefined && countOf(result) >= wanted) return result;
  const failure = {
    title: `the ${result.name} suite has ${countOf(result)} tests`,
    text: `expected-tests.json says ${wanted ?? "nothing"}; npm test -- --update rewrites it when that is as it should be`,
  };
  return { ...result, failed: result.failed + 1, failures: [...result.failures, failure] };
}

function countOf(result: SuiteResult): number {
  return result.passed + result.failed + result.skipped;
}
