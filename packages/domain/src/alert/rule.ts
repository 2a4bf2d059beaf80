/**
 * An alert rule as it is evaluated: parsed, checked, in base units. The YAML that people write is read by the alerting
 * service (services/alerting/src/rules); what a rule means is decided here.
 */
import type { Grouping } from "./grouping.ts";
import type { SignalName } from "./signals.ts";
import type { Template } from "./template.ts";

/** Severities, rising. */
export const SEVERITIES = ["warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a rule looks at in a closed window. */
export type Measure =
  /** A single value, at an order where the signal has one; "huge" is the order of the kernel's huge pages. */
  | { readonly kind: "value"; readonly order: "huge" | number }
  /** A quantile, between 0 and 1, of a latency distribution; the value is in microseconds. */
  | { readonly kind: "quantile"; readonly quantile: number }
  /** How fast the error budget of a service level objective is used up; the value is a burn rate. */
  | { readonly kind: "burn-rate"; readonly slo: Slo };

/** A service level objective: a share of all values must be good. */
export interface Slo {
  /** Share of values that must be good, between 0 and 1. */
  readonly objective: number;
  /** A value below this is good, in microseconds. */
  readonly goodBelowUs: number;
  readonly burns: readonly Burn[];
}

/**
 * A severity is reached while the budget burns at `rate` or faster in both windows: the long one says that it matters,
 * the short one that it still goes on. Source: The Site Reliability Workbook, chapter 5, multiwindow alerts.
 */
export interface Burn {
  readonly severity: Severity;
  /** 1 uses up the budget exactly over the objective's period. */
  readonly rate: number;
  readonly longMs: number;
  readonly shortMs: number;
}

/** A second signal of the same instance that must reach a value for `above` to count at all. */
export interface Floor {
  readonly signal: SignalName;
  readonly above: number;
}

/**
 * When a severity begins and ends. It begins at `above` or more, or at `below` or less; in between it goes on until the
 * clearing value is reached. A side that is null does not count.
 */
export interface Threshold {
  readonly above: number | null;
  readonly below: number | null;
  /** Ends at this value or less; null: as soon as the value is less than `above`. */
  readonly clearBelow: number | null;
  /** Ends at this value or more; null: as soon as the value is more than `below`. */
  readonly clearAbove: number | null;
}

/** How long a threshold must be reached before the alert fires. */
export type Hold =
  /** Consecutive evaluations, at least 1. */
  | { readonly kind: "samples"; readonly count: number }
  /** Event time between the first and the last of consecutive evaluations, in milliseconds. */
  | { readonly kind: "duration"; readonly ms: number };

/**
 * What is held against a threshold: the value itself, or its bounds, so that nothing is decided that what was not seen
 * could undo.
 */
export const DECISION_BASES = ["value", "bounds"] as const;
export type DecisionBasis = (typeof DECISION_BASES)[number];

/**
 * What an evaluation without a trustworthy value counts as: `hold` changes nothing, `fire` counts as reaching the lowest
 * severity of the rule, `resolve` as clear.
 */
export const INSUFFICIENT_DATA_POLICIES = ["hold", "fire", "resolve"] as const;
export type InsufficientDataPolicy = (typeof INSUFFICIENT_DATA_POLICIES)[number];

export interface Rule {
  /** Unique among all rules of an installation. */
  readonly name: string;
  readonly group: string;
  /** Evaluated at windows whose end is a multiple of this, in milliseconds. */
  readonly intervalMs: number;
  readonly signal: SignalName;
  readonly measure: Measure;
  readonly by: Grouping;
  /** Event time that a value stands for, in milliseconds: the windows of this span are merged. */
  readonly windowMs: number;
  /** At least one is not null, but for a burn rate, where both are. */
  readonly thresholds: Readonly<Record<Severity, Threshold | null>>;
  /** Gates `above` of both severities; null: nothing does. */
  readonly floor: Floor | null;
  readonly decideOn: DecisionBasis;
  readonly hold: Hold;
  /** How long an alert must be clear before it resolves, or falls to a lower severity. */
  readonly keepFiring: Hold;
  readonly onInsufficientData: InsufficientDataPolicy;
  /** Least coverage, 0 to 1, with which a value is trusted. */
  readonly coverageMin: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, Template>>;
}

/** Whether a rule can reach a severity at all. */
export function hasSeverity(rule: Rule, severity: Severity): boolean {
  const { measure, thresholds } = rule;
  if (measure.kind === "burn-rate") return measure.slo.burns.some((burn) => burn.severity === severity);
  return thresholds[severity] !== null;
}

/** The lowest severity that a rule has. */
export function lowestSeverity(rule: Rule): Severity {
  return hasSeverity(rule, "warning") ? "warning" : "critical";
}

/** Rank of a severity: 0 for none, rising. */
export function rankOf(severity: Severity | null): number {
  return severity === null ? 0 : SEVERITIES.indexOf(severity) + 1;
}
