/** What a rule looks at: its signal, as a single value, a quantile or the burn rate of an objective. */
import { type Floor, type Grouping, type Measure, type Slo, signalFacts } from "@farmscope/domain";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { parseDurationMs, parseDurationUs, parseQuantity, QUANTITY_EXAMPLES } from "./quantity.ts";
import type { RuleSource } from "./schema.ts";

/** Width of the smallest window, in milliseconds: intervals and spans are multiples of it. */
export const WINDOW_MS = 10_000;
/** Longest interval, and span of a farm's quantile. */
const SPAN_MS_MAX = 3_600_000;
/** Longest span of a quantile of nodes or cgroups: all of its windows are kept for each of them. */
const NODE_SPAN_MS_MAX = 300_000;
/** Longest window of a burn rate; its closing records are read again after a restart. */
const BURN_MS_MAX = 6 * 3_600_000;

type Key = keyof RuleSource & string;

/** By what a rule tells its alerts apart. */
export function buildGrouping(document: RulesDocument, path: FaultPath, source: RuleSource): Grouping {
  const known = signalFacts(source.signal).by;
  const by = source.by ?? known[0]!;
  if (!known.includes(by)) document.report([...path, "by"], `must be ${known.join(" or ")} for ${source.signal}`);
  else if (source.slo !== undefined && by !== "farm") document.report([...path, "by"], "must be farm for an 'slo'");
  return by;
}

export function buildMeasure(document: RulesDocument, path: FaultPath, source: RuleSource): Measure {
  const { distribution, takesOrder } = signalFacts(source.signal);
  if (!takesOrder) reportForeign(document, path, source, ["order"]);
  if (distribution === null) {
    reportForeign(document, path, source, ["quantile", "window", "slo"]);
    return { kind: "value", order: source.order ?? "huge" };
  }
  if (source.slo !== undefined) return { kind: "burn-rate", slo: buildSlo(document, path, source) };
  if (source.quantile === undefined) {
    document.report(path, `has no 'quantile', which ${source.signal} needs, such as quantile: 0.99`);
  }
  return { kind: "quantile", quantile: source.quantile ?? 0.5 };
}

function reportForeign(document: RulesDocument, path: FaultPath, source: RuleSource, keys: readonly Key[]): void {
  for (const key of keys) {
    if (source[key] !== undefined) document.reportKey(path, key, `means nothing for ${source.signal}`);
  }
}

function buildSlo(document: RulesDocument, path: FaultPath, source: RuleSource): Slo {
  for (const key of ["quantile", "window", "warning", "critical", "floor", "decide_on"] as const) {
    if (source[key] !== undefined) document.reportKey(path, key, "means nothing beside 'slo'");
  }
  const { objective, good_below: goodBelow, burn } = source.slo!;
  const span = (at: number, key: "long" | "short"): number =>
    spanOf(document, [...path, "slo", "burn", at, key], burn[at]![key], BURN_MS_MAX, "6h");
  const burns = burn.map(({ severity, rate }, at) => ({
    severity,
    rate,
    longMs: span(at, "long"),
    shortMs: span(at, "short"),
  }));
  burns.forEach(({ longMs, shortMs }, at) => {
    if (shortMs >= longMs) document.report([...path, "slo", "burn", at, "short"], "must be shorter than 'long'");
  });
  return { objective, goodBelowUs: parseDurationUs(goodBelow) ?? 0, burns };
}

/** An interval in milliseconds; reports one that is no multiple of the smallest window. */
export function buildInterval(document: RulesDocument, path: FaultPath, written: string | undefined): number {
  return written === undefined ? WINDOW_MS : spanOf(document, path, written, SPAN_MS_MAX, "1h");
}

/** The span that a value stands for. */
export function buildSpan(document: RulesDocument, path: FaultPath, source: RuleSource): number {
  if (source.window === undefined || signalFacts(source.signal).distribution === null) return WINDOW_MS;
  const isFarm = (source.by ?? "farm") === "farm";
  const [max, text] = isFarm ? ([SPAN_MS_MAX, "1h"] as const) : ([NODE_SPAN_MS_MAX, "5m"] as const);
  return spanOf(document, [...path, "window"], source.window, max, text);
}

function spanOf(document: RulesDocument, path: FaultPath, written: string, max: number, text: string): number {
  const ms = parseDurationMs(written);
  if (ms !== null && ms > 0 && ms % WINDOW_MS === 0 && ms <= max) return ms;
  document.report(path, `must be a multiple of 10s, at most ${text}, not ${written}`);
  return WINDOW_MS;
}

/** A second signal of the same instance, which must be a single value without an order. */
export function buildFloor(document: RulesDocument, path: FaultPath, source: RuleSource, by: Grouping): Floor | null {
  const { floor } = source;
  if (floor === undefined || source.slo !== undefined) return null;
  const facts = signalFacts(floor.signal);
  if (facts.distribution !== null || facts.takesOrder || !facts.by.includes(by)) {
    document.report([...path, "floor", "signal"], `must be a single value by ${by}, not ${floor.signal}`);
    return null;
  }
  const above = parseQuantity(floor.above, facts.unit);
  if (above === null) {
    document.report([...path, "floor", "above"], `must be ${QUANTITY_EXAMPLES[facts.unit]}, not ${floor.above}`);
  }
  return { signal: floor.signal, above: above ?? 0 };
}
