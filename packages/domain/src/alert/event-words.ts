/** Between the words of the domain and the numbers of fs.alert. */
import { Severity, Transition } from "@farmscope/proto";
import type { Transition as TransitionName } from "./lifecycle.ts";
import type { Severity as SeverityName } from "./rule.ts";

const TRANSITIONS: Readonly<Record<TransitionName, Transition>> = {
  pending: Transition.PENDING,
  firing: Transition.FIRING,
  escalated: Transition.ESCALATED,
  deescalated: Transition.DEESCALATED,
  resolved: Transition.RESOLVED,
  cancelled: Transition.CANCELLED,
};
const TRANSITION_NAMES = new Map(Object.entries(TRANSITIONS).map(([name, value]) => [value, name as TransitionName]));

export function transitionValue(name: TransitionName): Transition {
  return TRANSITIONS[name];
}

/** The domain's word for a transition; null for one that this version does not know. */
export function transitionName(transition: Transition): TransitionName | null {
  return TRANSITION_NAMES.get(transition) ?? null;
}

export function severityValue(name: SeverityName | null): Severity {
  if (name === null) return Severity.UNSPECIFIED;
  return name === "critical" ? Severity.CRITICAL : Severity.WARNING;
}

export function severityName(severity: Severity): SeverityName | null {
  if (severity === Severity.UNSPECIFIED) return null;
  return severity === Severity.CRITICAL ? "critical" : "warning";
}
