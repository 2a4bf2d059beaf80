/** From a rule as it is written to a rule as it is evaluated; what the schema cannot say is checked here. */
import { type Grouping, type Hold, INSTANCE_LABELS, parseTemplate, type Rule, type Template } from "@farmscope/domain";
import { buildFloor, buildGrouping, buildMeasure, buildSpan } from "./build-measure.ts";
import { buildThresholds } from "./build-thresholds.ts";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { parseDurationMs } from "./quantity.ts";
import type { GroupSource, RuleSource } from "./schema.ts";

const DEFAULT_COVERAGE_MIN = 0.5;
/** A label that a watched server has besides those that tell it from others. */
const ROLE_LABEL = "role";

/** Names that every alert has of itself. */
const RESERVED_LABELS: readonly string[] = [
  "alert",
  "severity",
  "signal",
  ROLE_LABEL,
  ...new Set(Object.values(INSTANCE_LABELS).flat()),
];
/** Fields that a template may name, besides the labels. */
const FIELDS: readonly string[] = ["alert", "signal", "severity", "value", "lower", "upper", "coverage"];

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
  const by = buildGrouping(document, path, source);
  const rule: Rule = {
    name: source.alert,
    group: group.name,
    intervalMs,
    signal: source.signal,
    measure: buildMeasure(document, path, source),
    by,
    windowMs: buildSpan(document, path, source),
    thresholds: buildThresholds(document, path, source),
    floor: buildFloor(document, path, source, by),
    decideOn: source.decide_on ?? "value",
    hold: buildHold(document, [...path, "for"], source.for ?? 1),
    keepFiring: buildHold(document, [...path, "keep_firing_for"], source.keep_firing_for ?? "0s"),
    onInsufficientData: source.on_insufficient_data ?? "hold",
    coverageMin: source.min_coverage ?? DEFAULT_COVERAGE_MIN,
    labels,
    annotations: buildAnnotations(document, path, source, by),
  };
  return document.faults.length > faultsBefore ? null : rule;
}

function buildHold(document: RulesDocument, path: FaultPath, written: number | string): Hold {
  if (typeof written === "number") return { kind: "samples", count: written };
  const ms = parseDurationMs(written);
  if (ms === null) document.report(path, `must be a duration of whole milliseconds, not ${written}`);
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
  by: Grouping,
): Readonly<Record<string, Template>> {
  const ofItself = [...FIELDS, ...INSTANCE_LABELS[by], ...(by === "instance" ? [ROLE_LABEL] : [])];
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
