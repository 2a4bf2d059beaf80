/** From a rule as it is written to a rule as it is evaluated; what the schema cannot say is checked here. */
import { type Hold, type Measure, parseTemplate, type Rule, signalFacts, type Template } from "@farmscope/domain";
import { buildThresholds } from "./build-thresholds.ts";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { parseDurationMs } from "./quantity.ts";
import type { GroupSource, RuleSource } from "./schema.ts";

/** Width of the smallest window, in milliseconds: intervals and spans are multiples of it. */
export const WINDOW_MS = 10_000;
const SPAN_MS_MAX = 3_600_000;
const DEFAULT_COVERAGE_MIN = 0.5;

/** Names that every alert has of itself. */
const RESERVED_LABELS: readonly string[] = ["alert", "farm", "node", "severity", "signal"];
/** Fields that a template may name, besides the labels. */
const FIELDS: readonly string[] = ["alert", "signal", "severity", "value", "lower", "upper", "coverage", "farm"];

/** @returns null when a fault was reported. */
export function buildRule(
  document: RulesDocument,
  path: FaultPath,
  group: GroupSource,
  intervalMs: number,
  source: RuleSource,
): Rule | null {
  const faultsBefore = document.faults.length;
  const labels = buildLabels(document, [...path, "labels"], source);
  const rule: Rule = {
    name: source.alert,
    group: group.name,
    intervalMs,
    signal: source.signal,
    measure: buildMeasure(document, path, source),
    by: source.by ?? "farm",
    windowMs: buildSpan(document, path, source),
    thresholds: buildThresholds(document, path, source),
    hold: buildHold(document, path, source),
    onInsufficientData: source.on_insufficient_data ?? "hold",
    coverageMin: source.min_coverage ?? DEFAULT_COVERAGE_MIN,
    labels,
    annotations: buildAnnotations(document, path, source),
  };
  return document.faults.length > faultsBefore ? null : rule;
}

/** An interval or span in milliseconds; reports one that is no multiple of the smallest window. */
export function buildWindows(document: RulesDocument, path: FaultPath, written: string | undefined): number {
  if (written === undefined) return WINDOW_MS;
  const ms = parseDurationMs(written);
  if (ms !== null && ms > 0 && ms % WINDOW_MS === 0 && ms <= SPAN_MS_MAX) return ms;
  document.report(path, `must be a multiple of 10s, at most 1h, not ${written}`);
  return WINDOW_MS;
}

function buildMeasure(document: RulesDocument, path: FaultPath, source: RuleSource): Measure {
  if (signalFacts(source.signal).distribution === null) {
    if (source.quantile !== undefined) reportForeign(document, path, "quantile", source);
    const order = source.order ?? "huge";
    if (source.by === "node" && order !== "huge") {
      document.report([...path, "order"], "must be huge: by node, the index is known at that order only");
    }
    return { kind: "unusable-index", order };
  }
  if (source.order !== undefined) reportForeign(document, path, "order", source);
  if (source.quantile === undefined) {
    document.report(path, `has no 'quantile', which ${source.signal} needs, such as quantile: 0.99`);
  }
  return { kind: "quantile", quantile: source.quantile ?? 0.5 };
}

function reportForeign(
  document: RulesDocument,
  path: FaultPath,
  key: "quantile" | "order" | "window",
  source: RuleSource,
) {
  document.reportKey(path, key, `means nothing for ${source.signal}`);
}

function buildSpan(document: RulesDocument, path: FaultPath, source: RuleSource): number {
  if (source.window !== undefined && signalFacts(source.signal).distribution === null) {
    reportForeign(document, path, "window", source);
    return WINDOW_MS;
  }
  return buildWindows(document, [...path, "window"], source.window);
}

function buildHold(document: RulesDocument, path: FaultPath, source: RuleSource): Hold {
  const written = source.for ?? 1;
  if (typeof written === "number") return { kind: "samples", count: written };
  const ms = parseDurationMs(written);
  if (ms === null) document.report([...path, "for"], `must be a duration of whole milliseconds, not ${written}`);
  return { kind: "duration", ms: ms ?? 0 };
}

function buildLabels(document: RulesDocument, path: FaultPath, source: RuleSource): Readonly<Record<string, string>> {
  const labels = source.labels ?? {};
  for (const name of Object.keys(labels)) {
    if (RESERVED_LABELS.includes(name)) document.reportKey(path, name, "is a label that every alert has of itself");
  }
  return labels;
}

function buildAnnotations(
  document: RulesDocument,
  path: FaultPath,
  source: RuleSource,
): Readonly<Record<string, Template>> {
  const ofItself = source.by === "node" ? [...FIELDS, "node"] : FIELDS;
  const fields = [...new Set([...ofItself, ...Object.keys(source.labels ?? {})])];
  const annotations: Record<string, Template> = {};
  for (const [name, text] of Object.entries(source.annotations ?? {})) {
    const { template, faults } = parseTemplate(text, fields);
    annotations[name] = template;
    for (const { offset, message } of faults) {
      document.report([...path, "annotations", name], `${message} (character ${offset + 1} of the text)`);
    }
  }
  return annotations;
}
