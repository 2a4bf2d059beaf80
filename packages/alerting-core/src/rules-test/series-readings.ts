/** What rules read of a test's series. */
import {
  alertKeyOf,
  boundedRatio,
  burnReading,
  exactValue,
  INSTANCE_LABELS,
  type InstanceLabels,
  insufficient,
  type Reading,
  type Rule,
  type Sample,
  type SignalName,
  type Slo,
  sampleOf,
  signalFacts,
} from "@farmscope/domain";
import type { SeriesPoint } from "./series.ts";

export const WINDOW_MS = 10_000;
/** Values that each window of a test's objective counts. */
const BURN_VALUES = 1_000_000;

/** A series, read. */
export interface TestSeries {
  readonly signal: SignalName;
  /** Its points are shares of bad values, for an objective. */
  readonly isBadShare: boolean;
  readonly order: "huge" | number | null;
  readonly quantile: number | null;
  readonly labels: InstanceLabels;
  readonly points: readonly SeriesPoint[];
  readonly coverage: readonly number[];
}

/** Samples of a rule at the window of an index. */
export function samplesAt(rule: Rule, series: readonly TestSeries[], index: number): Sample[] {
  return series
    .filter((one) => feeds(one, rule))
    .flatMap((one) => {
      const reading =
        rule.measure.kind === "burn-rate" ? burnAt(rule, rule.measure.slo, one, index) : readingAt(one, index);
      if (reading === null) return [];
      const labels = instanceLabels(rule, one);
      const sample = sampleOf(rule, labels, floored(rule, reading, series, labels, index));
      return [{ ...sample, facts: factsOf(one) }];
    });
}

/** Whether a rule reads a series: its signal, at its order or quantile, of its kind of instance. */
function feeds(series: TestSeries, rule: Rule): boolean {
  const { measure } = rule;
  if (series.signal !== rule.signal || series.isBadShare !== (measure.kind === "burn-rate")) return false;
  if (measure.kind === "value" && series.order !== null && series.order !== measure.order) return false;
  if (measure.kind === "quantile" && series.quantile !== null && series.quantile !== measure.quantile) return false;
  const names = Object.keys(series.labels).filter((name) => name !== "role");
  const wanted = INSTANCE_LABELS[rule.by];
  return names.length === wanted.length && wanted.every((name) => names.includes(name));
}

function instanceLabels(rule: Rule, { labels }: TestSeries): InstanceLabels {
  return Object.fromEntries(INSTANCE_LABELS[rule.by].map((name) => [name, labels[name]!]));
}

function factsOf({ labels }: TestSeries): Readonly<Record<string, string>> {
  return labels["role"] === undefined ? {} : { role: labels["role"] };
}

/** Null when the instance is not there. Beyond its end a series says nothing. */
function readingAt({ points, coverage: shares, signal }: TestSeries, index: number): Reading | null {
  const point = points[index] ?? "unknown";
  const coverage = shares[Math.min(index, shares.length - 1)] ?? 1;
  if (point === "absent") return null;
  if (point === "unknown") return insufficient("NoData", coverage);
  if (coverage === 1) return exactValue(point);
  if (signalFacts(signal).unit === "ratio" && signalFacts(signal).takesOrder) return boundedRatio(point, coverage);
  return { ...exactValue(point), coverage } as Reading;
}

function floored(rule: Rule, reading: Reading, series: readonly TestSeries[], labels: InstanceLabels, index: number) {
  const { floor } = rule;
  if (floor === null || reading.kind === "insufficient") return reading;
  const beside = series.find((one) => one.signal === floor.signal && keyOf(rule, one) === alertKeyOf("", labels));
  const value = beside === undefined ? null : readingAt(beside, index);
  if (value === null || value.kind === "insufficient") return insufficient("NoData");
  return { ...reading, belowFloor: value.value < floor.above };
}

function keyOf(rule: Rule, series: TestSeries): string {
  return alertKeyOf("", instanceLabels(rule, series));
}

/** For an objective the series is the share of bad values in each window. */
function burnAt(rule: Rule, slo: Slo, { points, coverage }: TestSeries, index: number): Reading {
  const counts = points.slice(0, index + 1).map((point, at) => {
    const bad = typeof point === "number" ? point * BURN_VALUES : 0;
    const seen = typeof point === "number" ? (coverage[Math.min(at, coverage.length - 1)] ?? 1) : 0;
    const total = typeof point === "number" ? BURN_VALUES : 0;
    return { endMs: (at + 1) * WINDOW_MS, position: at + 1, total, badLeast: bad, badMost: bad, coverage: seen };
  });
  return burnReading(slo, counts, WINDOW_MS, rule.coverageMin);
}
