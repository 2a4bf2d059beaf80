import type { SuiteResult } from "./suite-run.ts";

/** The details of what failed and was skipped, for reading. */
export function details(result: SuiteResult): string {
  const failures = result.failures.map(({ title, text }) => `FAILED  ${title}\n${indent(text)}\n`);
  const skips = result.skips.map(({ title, text }) => `skipped: ${text}  (${title})`);
  return [...failures, ...skips].join("\n");
}

/** Counts by suite. */
export function summaryTable(results: readonly SuiteResult[]): string {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(12) : cell.padStart(9))).join("");
  const rows = results.map(({ name, passed, failed, skipped, seconds }) =>
    row([name, String(passed), String(failed), String(skipped), `${seconds.toFixed(1)} s`]),
  );
  return [row(["suite", "passed", "failed", "skipped", "time"]), ...rows].join("\n");
}

/** The closing line: "N passed, N failed, N skipped". */
export function closingLine(results: readonly SuiteResult[]): string {
  const sum = (pick: (result: SuiteResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  return `${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed, ${sum((r) => r.skipped)} skipped`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "    ");
}
