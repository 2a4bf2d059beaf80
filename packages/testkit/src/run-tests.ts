/**
 * `npm test`: all checks, then every suite, cheapest first; ends with "N passed, N failed, N skipped".
 *
 *   npm test                          everything
 *   npm test -- --only unit           one suite, or "checks"; may be given several times
 *   npm test -- --only unit log/src   only its files whose path contains one of the words
 *   npm test -- --update              also writes the counts into expected-tests.json
 */
import { parseArgs } from "node:util";
import { CHECKS, runChecks } from "./checks/run.ts";
import { judged, readExpected, writeExpected } from "./runner/expected.ts";
import { closingLine, details, summaryTable } from "./runner/report.ts";
import { runSuite, type SuiteResult } from "./runner/suite-run.ts";
import { filesOf, requirementsOf, SUITES } from "./runner/suites.ts";

const GROUPS = ["checks", ...SUITES.map((suite) => suite.name)];

const { values, positionals } = parseArgs({
  options: { only: { type: "string", multiple: true, default: GROUPS }, update: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = values.only.filter((name) => !GROUPS.includes(name));
if (unknown.length > 0) {
  console.error(`--only takes one of ${GROUPS.join(", ")}, not ${unknown.join(", ")}`);
  process.exit(2);
}

const results: SuiteResult[] = [];
const expected = readExpected();

function conclude(result: SuiteResult): void {
  // A choice of files says nothing of the whole, and --update takes what it finds.
  const final = positionals.length > 0 || values.update ? result : judged(result, expected);
  results.push(final);
  const text = details(final);
  if (text !== "") console.log(text);
  console.log(`${final.name}: ${closingLine([final])} in ${final.seconds.toFixed(1)} s\n`);
}

if (values.only.includes("checks") && positionals.length === 0) {
  console.log(`checks (${CHECKS.length})`);
  conclude(await runChecks((line) => console.log(`  ${line}`)));
}
for (const suite of SUITES) {
  if (!values.only.includes(suite.name)) continue;
  const files = filesOf(suite).filter(
    (file) => positionals.length === 0 || positionals.some((word) => file.includes(word)),
  );
  if (files.length === 0 && positionals.length > 0) continue;
  console.log(`${suite.name} (${files.length} files)`);
  conclude(await runSuite(suite, files, requirementsOf(process.env["FARMSCOPE_REQUIRE"])));
}

if (values.update) writeExpected(expected, results);
console.log(`${summaryTable(results)}\n\n${closingLine(results)}`);
process.exitCode = results.some((result) => result.failed > 0) || results.length === 0 ? 1 : 0;
