/** Runs a file of tests of rules: given series, expected alerts. The alerts' lives are those of the service. */

import { type Rule, severityName, signalFacts, transitionName } from "@farmscope/domain";
import { createLogger } from "@farmscope/runtime";
import { AlertBook } from "../alert-book.ts";
import type { RecordedEvent } from "../alert-records.ts";
import { RulesDocument } from "../rules/document.ts";
import type { FaultPath, RuleFault } from "../rules/faults.ts";
import type { RulesCheck } from "../rules/load.ts";
import { parseDurationMs } from "../rules/quantity.ts";
import { structureCheck } from "../rules/structure.ts";
import { AlertStepper } from "../stepper.ts";
import { checkExpectation, labelsText } from "./expectation.ts";
import { parseSeries } from "./series.ts";
import { samplesAt, type TestSeries, WINDOW_MS } from "./series-readings.ts";
import { RulesTestSchema, type RulesTestSource, type SeriesSource, type TestSource } from "./test-schema.ts";

const isTestFile = structureCheck(RulesTestSchema);
const SILENT = createLogger("rules test", "silent");

/** What came of one file: a fault for each expectation that was not met, too. */
export interface RuleTestsReport {
  readonly file: string;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly faults: readonly RuleFault[];
}

/**
 * @param rulesOf the rules of the files that the tests name.
 */
export async function runRuleTests(
  file: string,
  text: string,
  rulesOf: (files: readonly string[]) => Promise<Pick<RulesCheck, "rules" | "faults">>,
): Promise<RuleTestsReport> {
  const document = new RulesDocument(file, text);
  if (document.faults.length > 0 || !isTestFile(document))
    return { file, passed: [], failed: [], faults: document.faults };
  const { rules: files, tests } = document.data as RulesTestSource;
  const { rules, faults } = await rulesOf(files);
  if (faults.length > 0) return { file, passed: [], failed: [], faults };
  const passed: string[] = [];
  const failed: string[] = [];
  tests.forEach((test, at) => {
    const before = document.faults.length;
    runTest(document, ["tests", at], test, rules);
    (document.faults.length === before ? passed : failed).push(test.name);
  });
  return { file, passed, failed, faults: document.faults };
}

function runTest(document: RulesDocument, path: FaultPath, test: TestSource, rules: readonly Rule[]): void {
  const before = document.faults.length;
  const series = test.series.map((source, at) => readSeries(document, [...path, "series", at], source));
  const expect = (test.expect ?? []).map((expectation, at) => {
    const where = [...path, "expect", at];
    const atMs = parseDurationMs(expectation.at) ?? 0;
    if (atMs <= 0 || atMs % WINDOW_MS !== 0) document.report([...where, "at"], "must be a multiple of 10s");
    if (!rules.some((rule) => rule.name === expectation.alert)) document.report([...where, "alert"], "is no rule");
    return { expectation, where, atMs };
  });
  if (document.faults.length > before) return;
  const lastMs = Math.max(...expect.map(({ atMs }) => atMs), ...series.map(({ points }) => points.length * WINDOW_MS));
  const run = new TestRun(rules, series);
  for (let index = 0; (index + 1) * WINDOW_MS <= lastMs; index++) {
    run.step(index);
    const due = expect.filter(({ atMs }) => atMs === (index + 1) * WINDOW_MS);
    for (const { expectation, where } of due) checkExpectation(document, where, expectation, run.book, run.newest);
  }
  checkTransitions(document, [...path, "transitions"], test.transitions, run.transitions);
}

function readSeries(document: RulesDocument, path: FaultPath, source: SeriesSource): TestSeries {
  const { signal, order, quantile, labels, values, bad, coverage } = source;
  if ((values === undefined) === (bad === undefined)) document.report(path, "must have either 'values' or 'bad'");
  const points = parseSeries(bad ?? values ?? "_", bad === undefined ? signalFacts(signal).unit : "ratio");
  const shares = parseSeries(coverage ?? "1", "ratio");
  if (typeof points === "string") document.report([...path, bad === undefined ? "values" : "bad"], points);
  if (typeof shares === "string") document.report([...path, "coverage"], shares);
  return {
    signal,
    isBadShare: bad !== undefined,
    order: order ?? null,
    quantile: quantile ?? null,
    labels: { farm: "default", ...labels },
    points: typeof points === "string" ? [] : points,
    coverage: typeof shares === "string" ? [] : shares.map((share) => (typeof share === "number" ? share : 0)),
  };
}

/** One test's walk through event time. */
class TestRun {
  readonly book = new AlertBook();
  /** The newest event of each alert. */
  readonly newest = new Map<string, RecordedEvent["event"]>();
  /** "30s FarmFragmented firing warning", with the labels that are not farm=default. */
  readonly transitions: string[] = [];
  readonly #rules: readonly Rule[];
  readonly #series: readonly TestSeries[];
  readonly #stepper = new AlertStepper(this.book, SILENT);

  constructor(rules: readonly Rule[], series: readonly TestSeries[]) {
    this.#rules = rules;
    this.#series = series;
  }

  step(index: number): void {
    const endMs = (index + 1) * WINDOW_MS;
    for (const rule of this.#rules.filter(({ intervalMs }) => endMs % intervalMs === 0)) {
      const samples = samplesAt(rule, this.#series, index);
      const known = [...this.book.entries()].filter((entry) => entry.rule === rule.name);
      const farms = new Set([...samples, ...known].map(({ labels }) => labels["farm"]!));
      for (const farm of farms) {
        const place = { farm, startMs: endMs - WINDOW_MS, endMs, position: index + 1, appendedAtMs: endMs };
        const own = samples.filter(({ labels }) => labels["farm"] === farm);
        for (const { event } of this.#stepper.steps(rule, own, place, [], true)) this.#note(event);
      }
    }
  }

  #note(event: RecordedEvent["event"]): void {
    this.newest.set(event.alertKey, event);
    const severity = severityName(event.severity);
    const words = [
      `${Number(event.atMs) / 1000}s`,
      event.rule + labelsText(event.alertKey),
      transitionName(event.transition),
    ];
    this.transitions.push([...words, ...(severity === null ? [] : [severity])].join(" "));
  }
}

function checkTransitions(
  document: RulesDocument,
  path: FaultPath,
  expected: readonly string[] | undefined,
  seen: readonly string[],
): void {
  if (expected === undefined) return;
  const at = expected.findIndex((text, index) => text !== seen[index]);
  if (at !== -1) document.report([...path, at], `must be what happened: ${seen[at] ?? "nothing more"}`);
  else if (seen.length > expected.length) document.report(path, `must go on with: ${seen[expected.length]}`);
}
