/** Whether a receiver is told of an alert, and why: a word, not a boolean. Pure. */
import type { Severity } from "../rule.ts";
import { rankOf } from "../rule.ts";

/** Why a receiver is told. */
export type NoticeReason =
  | "FirstNotification"
  | "SeverityRaised"
  | "SeverityLowered"
  | "Resolved"
  | "RepeatIntervalElapsed"
  | "Acknowledged"
  | "AcknowledgementWithdrawn";

/** Why it is not. */
export type QuietReason =
  | "Inhibited"
  | "Silenced"
  | "MutedByTime"
  /** Somebody looks after the incident already. */
  | "AcknowledgedBefore"
  /** An end without a beginning would only puzzle. */
  | "BeginningNotTold"
  | "NothingNew";

export type DecisionReason = NoticeReason | QuietReason;

/** How an alert stands. */
export interface Standing {
  readonly firing: boolean;
  readonly severity: Severity | null;
}

/** What the receiver knows of it; null when it knows nothing, or knows its end. */
export interface Told {
  readonly severity: Severity | null;
  readonly acknowledged: boolean;
  /** When it was last told, in the time of the log. */
  readonly atMs: number;
}

/** What keeps an alert quiet now. */
export interface Muting {
  readonly inhibited: boolean;
  readonly silenced: boolean;
  readonly mutedByTime: boolean;
}

/**
 * Decides on one alert and receiver.
 *
 * - Who was told of the beginning is told of the end, whatever mutes it: nobody is left with an incident that is over.
 * - An acknowledgement is told whatever mutes it, and stops repeats, for it wakes nobody.
 * - All else is not told while something mutes it, and is told when that ends, if it is still news.
 */
export function decideNotice(
  standing: Standing,
  told: Told | null,
  muting: Muting,
  acknowledged: boolean,
  repeatDue: boolean,
): DecisionReason {
  if (!standing.firing) return told === null ? "BeginningNotTold" : "Resolved";
  const quiet = mutedBy(muting);
  if (told === null) return quiet ?? (acknowledged ? "AcknowledgedBefore" : "FirstNotification");
  if (acknowledged !== told.acknowledged) return acknowledged ? "Acknowledged" : "AcknowledgementWithdrawn";
  const change = rankOf(standing.severity) - rankOf(told.severity);
  if (change !== 0) return quiet ?? (change > 0 ? "SeverityRaised" : "SeverityLowered");
  if (!repeatDue || acknowledged) return "NothingNew";
  return quiet ?? "RepeatIntervalElapsed";
}

function mutedBy({ inhibited, silenced, mutedByTime }: Muting): QuietReason | null {
  if (inhibited) return "Inhibited";
  if (silenced) return "Silenced";
  return mutedByTime ? "MutedByTime" : null;
}

const NOTICE_REASONS: readonly string[] = [
  "FirstNotification",
  "SeverityRaised",
  "SeverityLowered",
  "Resolved",
  "RepeatIntervalElapsed",
  "Acknowledged",
  "AcknowledgementWithdrawn",
] satisfies NoticeReason[];

export function isNotice(reason: string): reason is NoticeReason {
  return NOTICE_REASONS.includes(reason);
}
