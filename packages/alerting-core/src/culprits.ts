import {
  type ClosedWindow,
  evaluateRule,
  type InstanceLabels,
  type Rule,
  type Sample,
  signalFacts,
} from "@farmscope/domain";
import { type Culprit, CulpritSchema, create } from "@farmscope/proto";

/** Most culprits that an alert names. */
export const CULPRITS_MAX = 3;

/**
 * Who has the greatest part in an alert, the greatest first: the nodes of a farm, or the cgroups of a node, by their own
 * values of the rule's signal.
 * @param windows those that the rule read; empty: nobody can be named.
 */
export function culpritsOf(rule: Rule, labels: InstanceLabels, windows: readonly ClosedWindow[]): Culprit[] {
  const by = rule.by === "farm" ? "node" : "cgroup";
  const known = signalFacts(rule.signal).by;
  if (windows.length === 0 || rule.by === "cgroup" || !known.includes(by) || rule.measure.kind === "burn-rate")
    return [];
  const own = evaluateRule({ ...rule, by, floor: null }, windows).filter(({ labels: { node } }) => {
    return rule.by === "farm" || node === labels["node"];
  });
  const lowIsBad = Object.values(rule.thresholds).every((threshold) => (threshold?.above ?? null) === null);
  return own
    .map((sample) => ({ sample, value: measuredOf(sample) }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => (lowIsBad ? a.value - b.value : b.value - a.value))
    .slice(0, CULPRITS_MAX)
    .map(({ sample, value }) => {
      const { node = "", cgroup = "" } = sample.labels;
      return create(CulpritSchema, { node, cgroup, value });
    });
}

function measuredOf({ reading }: Sample): number {
  return reading.kind === "value" ? reading.value : Number.NaN;
}
