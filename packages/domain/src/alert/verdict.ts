import type { Reading } from "./reading.ts";
import { hasSeverity, lowestSeverity, type Rule, rankOf, SEVERITIES, type Severity, type Threshold } from "./rule.ts";

/** What a reading means for a rule, before its history is looked at. */
export interface Verdict {
  /** `held`: nothing may change. */
  readonly basis: "value" | "held" | "policy";
  /** The highest severity whose threshold is reached. */
  readonly reached: Severity | null;
  /** Whether an alert of each severity would end here. A severity that the rule does not have always ends. */
  readonly cleared: Readonly<Record<Severity, boolean>>;
}

type ValueReading = Extract<Reading, { readonly kind: "value" }>;

/** Judges a reading by the thresholds of a rule, or, without a value, by its policy for insufficient data. */
export function judge(rule: Rule, reading: Reading): Verdict {
  if (reading.kind === "value") return judgeValue(rule, reading);
  // What is not there cannot be worse than it looks; when it is gone for good the lifecycle ends its alert.
  if (reading.reason === "InstanceAbsent" && rule.onInsufficientData === "fire") return HELD;
  switch (rule.onInsufficientData) {
    case "hold":
      return HELD;
    case "fire":
      return { basis: "policy", reached: lowestSeverity(rule), cleared: { warning: false, critical: false } };
    case "resolve":
      return { basis: "policy", reached: null, cleared: { warning: true, critical: true } };
  }
}

const HELD: Verdict = { basis: "held", reached: null, cleared: { warning: false, critical: false } };

function judgeValue(rule: Rule, reading: ValueReading): Verdict {
  const reached = SEVERITIES.findLast((severity) => isReached(rule, severity, reading)) ?? null;
  const cleared = (severity: Severity): boolean =>
    rankOf(reached) < rankOf(severity) && isCleared(rule, severity, reading);
  return { basis: "value", reached, cleared: { warning: cleared("warning"), critical: cleared("critical") } };
}

/** Certain to be reached, where the bounds decide: the value that speaks least for it must reach the threshold. */
function isReached(rule: Rule, severity: Severity, reading: ValueReading): boolean {
  if (reading.burning !== undefined) return hasSeverity(rule, severity) && reading.burning[severity];
  const threshold = rule.thresholds[severity];
  if (threshold === null) return false;
  const { above, below } = threshold;
  const [low, high] = rule.decideOn === "bounds" ? [reading.lower, reading.upper] : [reading.value, reading.value];
  return (above !== null && reading.belowFloor !== true && low >= above) || (below !== null && high <= below);
}

/** Only asked when the threshold is not reached; certain to be clear, where the bounds decide. */
function isCleared(rule: Rule, severity: Severity, reading: ValueReading): boolean {
  const threshold = rule.thresholds[severity];
  if (threshold === null || reading.burning !== undefined) return true;
  const [low, high] = rule.decideOn === "bounds" ? [reading.lower, reading.upper] : [reading.value, reading.value];
  return (reading.belowFloor === true || isClearOfAbove(threshold, high)) && isClearOfBelow(threshold, low);
}

/** With both sides the value lies between them: each side's clearing value counts for its own side only. */
function isClearOfAbove({ above, clearBelow }: Threshold, value: number): boolean {
  if (above === null) return true;
  return clearBelow === null ? value < above : value <= clearBelow;
}

function isClearOfBelow({ below, clearAbove }: Threshold, value: number): boolean {
  if (below === null) return true;
  return clearAbove === null ? value > below : value >= clearAbove;
}
