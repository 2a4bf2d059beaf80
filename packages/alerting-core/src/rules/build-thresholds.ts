import { type Rule, SEVERITIES, type Severity, signalFacts, type Threshold } from "@farmscope/domain";
import type { RulesDocument } from "./document.ts";
import type { FaultPath } from "./faults.ts";
import { parseQuantity, QUANTITY_EXAMPLES } from "./quantity.ts";
import type { RuleSource, ThresholdSource } from "./schema.ts";

/** Reads both severities of a rule and reports what cannot be: nothing reached, clearing on the wrong side, a warning beyond critical. */
export function buildThresholds(document: RulesDocument, path: FaultPath, source: RuleSource): Rule["thresholds"] {
  const build = (severity: Severity): Threshold | null => {
    const written = source[severity];
    return written === undefined ? null : buildThreshold(document, [...path, severity], source, written);
  };
  const thresholds = { warning: build("warning"), critical: build("critical") };
  if (source.slo !== undefined) return thresholds;
  if (SEVERITIES.every((severity) => thresholds[severity] === null)) {
    document.report(path, "has neither 'warning' nor 'critical'");
  }
  checkGrades(document, path, thresholds.warning, thresholds.critical);
  return thresholds;
}

function buildThreshold(
  document: RulesDocument,
  path: FaultPath,
  source: RuleSource,
  written: ThresholdSource,
): Threshold {
  const { unit } = signalFacts(source.signal);
  const read = (key: keyof ThresholdSource): number | null => {
    const value = written[key];
    if (value === undefined) return null;
    const quantity = parseQuantity(value, unit);
    if (quantity === null) document.report([...path, key], `must be ${QUANTITY_EXAMPLES[unit]}, not ${value}`);
    return quantity;
  };
  const threshold = {
    above: read("above"),
    below: read("below"),
    clearBelow: read("clear_below"),
    clearAbove: read("clear_above"),
  };
  checkSides(document, path, written, threshold);
  return threshold;
}

function checkSides(document: RulesDocument, path: FaultPath, written: ThresholdSource, threshold: Threshold): void {
  const { above, below, clearBelow, clearAbove } = threshold;
  const report = (key: keyof ThresholdSource, message: string): void => document.report([...path, key], message);
  if (written.above === undefined && written.below === undefined)
    document.report(path, "has neither 'above' nor 'below'");
  if (written.clear_below !== undefined && written.above === undefined) report("clear_below", "needs 'above'");
  if (written.clear_above !== undefined && written.below === undefined) report("clear_above", "needs 'below'");
  if (isGreater(clearBelow, above)) report("clear_below", "must not be more than 'above'");
  if (isGreater(below, clearAbove)) report("clear_above", "must not be less than 'below'");
  if (above !== null && below !== null && below >= above) report("below", "must be less than 'above'");
}

function checkGrades(
  document: RulesDocument,
  path: FaultPath,
  warning: Threshold | null,
  critical: Threshold | null,
): void {
  if (warning === null || critical === null) return;
  if (isGreater(warning.above, critical.above)) {
    document.report([...path, "critical", "above"], "must not be less than the warning's");
  }
  if (isGreater(critical.below, warning.below)) {
    document.report([...path, "critical", "below"], "must not be more than the warning's");
  }
}

function isGreater(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && a > b;
}
