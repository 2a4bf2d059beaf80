/**
 * An alert rule as it is evaluated: parsed, checked, in base units. The YAML that people write is read by the alerting
 * service (services/alerting/src/rules); what a rule means is decided here.
 */
import type { SignalName } from "./signals.ts";
import type { Template } from "./template.ts";

/** Severities, rising. */
export const SEVERITIES = ["warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a rule looks at in a closed window. */
export type Measure =
  /** The unusable free space index at an order; "huge" is the order of the kernel's huge pages. */
  | { readonly kind: "unusable-index"; readonly order: "huge" | number }
  /** A quantile, between 0 and 1, of a latency distribution; the value is in microseconds. */
  | { readonly kind: "quantile"; readonly quantile: number };

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

/** One alert per farm, or per node of a farm. */
export type Grouping = "farm" | "node";

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
  /** At least one is not null. */
  readonly thresholds: Readonly<Record<Severity, Threshold | null>>;
  readonly hold: Hold;
  readonly onInsufficientData: InsufficientDataPolicy;
  /** Least coverage, 0 to 1, with which a value is trusted. */
  readonly coverageMin: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, Template>>;
}

/** The lowest severity that a rule has. */
export function lowestSeverity(rule: Rule): Severity {
  return rule.thresholds.warning === null ? "critical" : "warning";
}

/** Rank of a severity: 0 for none, rising. */
export function rankOf(severity: Severity | null): number {
  return severity === null ? 0 : SEVERITIES.indexOf(severity) + 1;
}
