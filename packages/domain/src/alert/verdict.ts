import type { Reading } from "./reading.ts";
import { lowestSeverity, type Rule, rankOf, SEVERITIES, type Severity, type Threshold } from "./rule.ts";

/** What a reading means for a rule, before its history is looked at. */
export interface Verdict {
  /** `held`: nothing may change. */
  readonly basis: "value" | "held" | "policy";
  /** The highest severity whose threshold is reached. */
  readonly reached: Severity | null;
  /** Whether an alert of each severity would end here. A severity that the rule does not have always ends. */
  readonly cleared: Readonly<Record<Severity, boolean>>;
}

/** Judges a reading by the thresholds of a rule, or, without a value, by its policy for insufficient data. */
export function judge(rule: Rule, reading: Reading): Verdict {
  if (reading.kind === "value") return judgeValue(rule, reading.value);
  switch (rule.onInsufficientData) {
    case "hold":
      return { basis: "held", reached: null, cleared: { warning: false, critical: false } };
    case "fire":
      return { basis: "policy", reached: lowestSeverity(rule), cleared: { warning: false, critical: false } };
    case "resolve":
      return { basis: "policy", reached: null, cleared: { warning: true, critical: true } };
  }
}

function judgeValue(rule: Rule, value: number): Verdict {
  const reached = SEVERITIES.findLast((severity) => isReached(rule.thresholds[severity], value)) ?? null;
  const cleared = (severity: Severity): boolean =>
    rankOf(reached) < rankOf(severity) && isCleared(rule.thresholds[severity], value);
  return { basis: "value", reached, cleared: { warning: cleared("warning"), critical: cleared("critical") } };
}

function isReached(threshold: Threshold | null, value: number): boolean {
  if (threshold === null) return false;
  const { above, below } = threshold;
  return (above !== null && value >= above) || (below !== null && value <= below);
}

/** Only asked when the threshold is not reached; so a side without a clearing value is clear here. */
function isCleared(threshold: Threshold | null, value: number): boolean {
  if (threshold === null) return true;
  const { clearBelow, clearAbove } = threshold;
  // With both sides the value lies between them: each side's clearing value counts for its own side only.
  const clearOfAbove = threshold.above === null || clearBelow === null || value <= clearBelow;
  const clearOfBelow = threshold.below === null || clearAbove === null || value >= clearAbove;
  return clearOfAbove && clearOfBelow;
}
