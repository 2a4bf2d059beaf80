/**
 * The life of an alert: inactive, pending, firing (at a severity that may rise and fall), resolved. Decide/evolve: a
 * decision is made from the state and a sample, becomes an event in fs.alert, and the state follows from the events.
 * What lies between events (how long a threshold has been reached) follows from the samples, and comes back after a
 * restart by tallying them again from {@link oldestTallied}. Pure; the timelines in lifecycle.test.ts are the picture.
 */
import { incidentOf } from "./alert-key.ts";
import type { Reading } from "./reading.ts";
import { type Hold, hasSeverity, type Rule, rankOf, SEVERITIES, type Severity } from "./rule.ts";
import { judge, type Verdict } from "./verdict.ts";

export type Transition = "pending" | "firing" | "escalated" | "deescalated" | "resolved" | "cancelled";

/** Why a transition was decided, or none. */
export type Reason =
  /** Into pending: a threshold is reached for the first time. */
  | "ThresholdReached"
  /** Into firing. */
  | "HeldLongEnough"
  | "FiredAtOnce"
  /** A higher severity was reached for long enough; or ended, while a lower one goes on. */
  | "CriticalHeldLongEnough"
  | "CriticalCleared"
  /** Out of firing, out of pending. */
  | "Cleared"
  | "ClearedBeforeFiring"
  | "InsufficientDataResolves"
  /** It has not been there for so long that it will not come back: a node that left, a cgroup that ended. */
  | "InstanceGone"
  /** The rule is no longer among the rules in force. */
  | "RuleRemoved"
  /** No transition. */
  | "Quiet"
  | "NotHeldYet"
  | "StillReached"
  | "NotClearedYet"
  | "NotClearedLongEnough"
  | "InsufficientDataHeld"
  | "AlreadyDecided";

/** Event time for which an instance is absent before it counts as gone, in milliseconds. */
export const GONE_AFTER_MS = 600_000;

/** A row of consecutive samples of one kind. */
export interface Streak {
  readonly count: number;
  /** End of the first window of the row, Unix milliseconds. */
  readonly sinceMs: number;
  /** End of its last window so far. Samples that were held have no part in a row. */
  readonly untilMs: number;
  /** Position in fs.view of that window's record. */
  readonly position: number;
}

export interface AlertState {
  readonly phase: "inactive" | "pending" | "firing";
  /** Severity in force; null unless firing. */
  readonly severity: Severity | null;
  /** End of the first window in which the threshold was reached; 0 when inactive. */
  readonly sinceMs: number;
  /** "" unless firing. */
  readonly incident: string;
  /** Position in fs.view that the last event was decided at: nothing is decided twice. */
  readonly decidedAt: number;
  /** Position of the last sample tallied. */
  readonly talliedAt: number;
  /** Samples at or above each severity. */
  readonly streaks: Readonly<Record<Severity, Streak | null>>;
  /** While firing: samples at which each severity would end. */
  readonly clear: Readonly<Record<Severity, Streak | null>>;
  /** Samples at which it was not there. */
  readonly absent: Streak | null;
}

/** A reading at its place in event time and in the log. */
export interface TimedReading {
  readonly reading: Reading;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly position: number;
}

/** A decision. Without a transition nothing is recorded, but the reason can be asked for. */
export interface Decision {
  readonly transition: Transition | null;
  readonly reason: Reason;
  /** Severity in force after it; of a pending, resolved or cancelled alert the one that it is about. */
  readonly severity: Severity | null;
}

/** The part of an alert event from which the state follows. */
export interface LifecycleEvent {
  readonly transition: Transition;
  readonly severity: Severity | null;
  readonly sinceMs: number;
  readonly incident: string;
  readonly position: number;
}

const NO_ROWS: Pick<AlertState, "streaks" | "clear"> = {
  streaks: { warning: null, critical: null },
  clear: { warning: null, critical: null },
};

export const INACTIVE: AlertState = {
  phase: "inactive",
  severity: null,
  sinceMs: 0,
  incident: "",
  decidedAt: 0,
  talliedAt: 0,
  ...NO_ROWS,
  absent: null,
};

/** Takes a sample into the streaks. A sample at or before the last one tallied changes nothing. */
export function tally(rule: Rule, state: AlertState, at: TimedReading): AlertState {
  if (at.position <= state.talliedAt) return state;
  const verdict = judge(rule, at.reading);
  const isAbsent = at.reading.kind === "insufficient" && at.reading.reason === "InstanceAbsent";
  const absent = isAbsent ? longer(state.absent, at) : null;
  if (isGone(absent)) return { ...state, talliedAt: at.position, ...NO_ROWS, absent };
  if (verdict.basis === "held") return { ...state, talliedAt: at.position, absent };
  const streaks = nextStreaks(state, verdict, at);
  return { ...state, talliedAt: at.position, streaks, clear: nextClear(state, verdict, at), absent };
}

function longer(streak: Streak | null, at: TimedReading): Streak {
  const untilMs = at.windowEndMs;
  const begun = streak ?? { count: 0, sinceMs: untilMs, position: at.position };
  return { ...begun, count: begun.count + 1, untilMs };
}

function nextStreaks(state: AlertState, verdict: Verdict, at: TimedReading): AlertState["streaks"] {
  const next = (severity: Severity): Streak | null => {
    return rankOf(verdict.reached) < rankOf(severity) ? null : longer(state.streaks[severity], at);
  };
  return { warning: next("warning"), critical: next("critical") };
}

/** Only of a firing alert: all others are clear most of the time, and nothing follows from it. */
function nextClear(state: AlertState, verdict: Verdict, at: TimedReading): AlertState["clear"] {
  const next = (severity: Severity): Streak | null => {
    return state.phase === "firing" && verdict.cleared[severity] ? longer(state.clear[severity], at) : null;
  };
  return { warning: next("warning"), critical: next("critical") };
}

/** Decides on a sample that has been tallied. */
export function decide(rule: Rule, state: AlertState, at: TimedReading): Decision {
  if (at.position <= state.decidedAt) return stay(state, "AlreadyDecided");
  if (state.phase !== "inactive" && isGone(state.absent)) return ended(state, "InstanceGone");
  const verdict = judge(rule, at.reading);
  if (verdict.basis === "held") return stay(state, "InsufficientDataHeld");
  return state.phase === "firing" ? decideFiring(rule, state, verdict) : decideBefore(rule, state, verdict);
}

/** The end of an alert whatever its value is: of an instance, or of a rule. */
export function ended(state: AlertState, reason: "InstanceGone" | "RuleRemoved"): Decision {
  if (state.phase === "firing") return { transition: "resolved", reason, severity: state.severity };
  return { transition: "cancelled", reason, severity: null };
}

function isGone(absent: Streak | null): boolean {
  return absent !== null && absent.untilMs - absent.sinceMs >= GONE_AFTER_MS;
}

function decideBefore(rule: Rule, state: AlertState, verdict: Verdict): Decision {
  const waiting = state.phase === "pending";
  const ripe = ripeSeverity(rule, state);
  if (ripe !== null)
    return { transition: "firing", reason: waiting ? "HeldLongEnough" : "FiredAtOnce", severity: ripe };
  if (verdict.reached !== null) {
    if (waiting) return stay(state, "NotHeldYet");
    return { transition: "pending", reason: "ThresholdReached", severity: verdict.reached };
  }
  return waiting ? { transition: "cancelled", reason: "ClearedBeforeFiring", severity: null } : stay(state, "Quiet");
}

function decideFiring(rule: Rule, state: AlertState, verdict: Verdict): Decision {
  const { severity } = state;
  if (severity === "warning" && ripeSeverity(rule, state) === "critical") {
    return { transition: "escalated", reason: "CriticalHeldLongEnough", severity: "critical" };
  }
  const isOver = (of: Severity): boolean => verdict.cleared[of] && isHeld(rule.keepFiring, state.clear[of]);
  if (severity === "critical" && isOver("critical") && hasSeverity(rule, "warning") && !isOver("warning")) {
    return { transition: "deescalated", reason: "CriticalCleared", severity: "warning" };
  }
  if (isOver(severity!)) {
    const reason = verdict.basis === "policy" ? "InsufficientDataResolves" : "Cleared";
    return { transition: "resolved", reason, severity };
  }
  if (verdict.cleared[severity!]) return stay(state, "NotClearedLongEnough");
  return stay(state, rankOf(verdict.reached) >= rankOf(severity) ? "StillReached" : "NotClearedYet");
}

function stay(state: AlertState, reason: Reason): Decision {
  return { transition: null, reason, severity: state.severity };
}

/** The highest severity of the rule that was reached for long enough. */
function ripeSeverity(rule: Rule, state: AlertState): Severity | null {
  const isRipe = (severity: Severity): boolean =>
    hasSeverity(rule, severity) && isHeld(rule.hold, state.streaks[severity]);
  return SEVERITIES.findLast(isRipe) ?? null;
}

function isHeld(hold: Hold, streak: Streak | null): boolean {
  if (streak === null) return false;
  return hold.kind === "samples" ? streak.count >= hold.count : streak.untilMs - streak.sinceMs >= hold.ms;
}

/** The event of a decision that has a transition. */
export function eventOf(
  alertKey: string,
  state: AlertState,
  decision: Decision,
  at: TimedReading,
): LifecycleEvent | null {
  const { transition, severity } = decision;
  if (transition === null) return null;
  // Every sample that reaches a threshold is in the streak of the lowest severity.
  const begins = transition === "pending" || transition === "firing";
  return {
    transition,
    severity,
    sinceMs: begins ? (state.streaks.warning?.sinceMs ?? at.windowEndMs) : state.sinceMs,
    incident: transition === "firing" ? incidentOf(alertKey, at.windowStartMs) : state.incident,
    position: at.position,
  };
}

/** The state after an event; the same when it is decided and when it is read back from fs.alert. */
export function evolve(state: AlertState, event: LifecycleEvent): AlertState {
  const { sinceMs, incident, position, severity } = event;
  switch (event.transition) {
    case "pending":
      return { ...state, phase: "pending", severity: null, sinceMs, incident: "", decidedAt: position };
    case "firing":
    case "escalated":
    case "deescalated":
      return { ...state, phase: "firing", severity, sinceMs, incident, decidedAt: position };
    case "resolved":
    case "cancelled":
      return { ...state, phase: "inactive", severity: null, sinceMs: 0, incident: "", decidedAt: position };
  }
}

/**
 * The oldest position from which samples must be tallied again for the streaks that still decide something; null when
 * none does. A streak that has been held long enough no longer matters: what it led to is in the events.
 */
export function oldestTallied(rule: Rule, state: AlertState): number | null {
  let oldest: number | null = null;
  for (const severity of SEVERITIES) {
    const streak = state.streaks[severity];
    if (streak === null || !hasSeverity(rule, severity) || isHeld(rule.hold, streak)) continue;
    oldest = Math.min(oldest ?? streak.position, streak.position);
  }
  // A clear row that is long enough still counts where a lower severity goes on, and so does the time of an absence.
  for (const streak of [state.clear.warning, state.clear.critical, state.absent]) {
    if (streak !== null && state.phase !== "inactive") oldest = Math.min(oldest ?? streak.position, streak.position);
  }
  return oldest;
}

/** Whether nothing would be lost by forgetting a state: it is as {@link INACTIVE}, and its events are passed. */
export function isForgettable(state: AlertState): boolean {
  const idle = state.phase === "inactive" && state.streaks.warning === null && state.streaks.critical === null;
  return idle && state.talliedAt > state.decidedAt;
}
