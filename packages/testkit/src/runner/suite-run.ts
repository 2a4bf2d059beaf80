import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { runCommand, toolEnvironment } from "../command.ts";
import { REPO_ROOT } from "../repo.ts";
import type { TestLine } from "./reporter.ts";
import { isForbiddenSkip, type Suite } from "./suites.ts";

/** Something that went wrong, ready to be read. */
export interface Failure {
  readonly title: string;
  readonly text: string;
}

export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly failures: readonly Failure[];
  /** Titles and reasons of what was skipped. */
  readonly skips: readonly Failure[];
}

/** Lines of a file's or suite's own output that are shown when it failed. */
const OUTPUT_LINES_MAX = 60;

/** Runs the given files as a suite. A suite that dies or hangs counts one failure more than its tests. */
export async function runSuite(
  suite: Suite,
  files: readonly string[],
  required: ReadonlySet<string>,
): Promise<SuiteResult> {
  const startedMs = performance.now();
  const directory = mkdtempSync(join(tmpdir(), "farmscope-tests-"));
  const report = join(directory, "report.jsonl");
  try {
    const { code, stdout, stderr, overdue } = await runCommand(
      process.execPath,
      [
        "--test",
        `--test-isolation=${suite.isolation}`,
        `--test-concurrency=${suite.concurrency}`,
        `--test-timeout=${suite.testMsMax}`,
        `--test-reporter=${new URL("./reporter.ts", import.meta.url).href}`,
        `--test-reporter-destination=${report}`,
        ...files,
      ],
      { environment: toolEnvironment(), timeoutMs: suite.suiteMsMax },
    );
    const lines = readLines(report);
    const tally = new Tally(suite, required);
    for (const line of lines) tally.add(line);
    const reason = overdue
      ? `did not end within ${suite.suiteMsMax / 1000} s: something was left open`
      : `ended with ${code}`;
    if (code !== 0 && tally.failures.length === 0) tally.fail(`the suite ${reason}`, lastLines(`${stdout}${stderr}`));
    return tally.result((performance.now() - startedMs) / 1000);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readLines(path: string): TestLine[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => JSON.parse(text) as TestLine);
  } catch {
    // The process died before or while it wrote: the suite then fails by its exit code.
    return [];
  }
}

class Tally {
  readonly failures: Failure[] = [];
  readonly #skips: Failure[] = [];
  readonly #outputs = new Map<string, string>();
  readonly #failedFiles = new Set<string>();
  readonly #suite: Suite;
  readonly #required: ReadonlySet<string>;
  #passed = 0;

  constructor(suite: Suite, required: ReadonlySet<string>) {
    this.#suite = suite;
    this.#required = required;
  }

  add(line: TestLine): void {
    if (line.kind === "output") {
      this.#outputs.set(line.file, `${this.#outputs.get(line.file) ?? ""}${line.text}`);
      return;
    }
    const title = `${relative(REPO_ROOT, line.file)}:${line.line}  ${line.name}`;
    if (line.outcome === "passed") {
      this.#passed++;
    } else if (line.outcome === "skipped" && !isForbiddenSkip(this.#suite, line.detail, this.#required)) {
      this.#skips.push({ title, text: line.detail });
    } else {
      this.#failedFiles.add(line.file);
      this.fail(
        title,
        line.outcome === "skipped" ? `skipped, but FARMSCOPE_REQUIRE forbids it: ${line.detail}` : line.detail,
      );
    }
  }

  fail(title: string, text: string): void {
    this.failures.push({ title, text });
  }

  result(seconds: number): SuiteResult {
    const outputs = [...this.#failedFiles]
      .filter((file) => (this.#outputs.get(file) ?? "").trim() !== "")
      .map((file) => ({ title: `output of ${relative(REPO_ROOT, file)}`, text: lastLines(this.#outputs.get(file)!) }));
    return {
      name: this.#suite.name,
      passed: this.#passed,
      failed: this.failures.length,
      skipped: this.#skips.length,
      seconds,
      failures: [...this.failures, ...outputs],
      skips: this.#skips,
    };
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-OUTPUT_LINES_MAX).join("\n");
}
