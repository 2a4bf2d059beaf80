/** Alerts that a receiver hears of together, and when it does. */
import type { AlertEvent } from "@farmscope/proto";
import type { ControlBook } from "../../control/control-book.ts";
import type { KnownSilence } from "../../control/silence-book.ts";
import { severityName, transitionName } from "../event-words.ts";
import type { ZoneOffset } from "./civil-time.ts";
import {
  type DecisionReason,
  decideNotice,
  isNotice,
  type NoticeReason,
  type Standing,
  type Told,
} from "./decision.ts";
import type { Inhibition } from "./inhibition.ts";
import type { AlertLabels } from "./matcher.ts";
import type { Route } from "./route.ts";
import { isWithin, nextMinuteMs } from "./time-interval.ts";

/** An event with its id in fs.alert. */
export interface IdentifiedEvent {
  readonly id: string;
  readonly event: AlertEvent;
}

/** One alert in a group. */
export interface Member {
  readonly alertKey: string;
  /** The newest event of the alert. */
  newest: IdentifiedEvent;
  labels: AlertLabels;
  told: Told | null;
  /** Whether the newest event was looked at in a flush; only counters depend on it. */
  examined: boolean;
}

/** What all groups share. */
export interface Surroundings {
  /** Silences and acknowledgements. */
  readonly control: ControlBook;
  readonly inhibition: Inhibition;
  readonly zoneOffset: ZoneOffset;
  /** Before this nothing is repeated: nobody lived who could have. */
  readonly repeatFromMs: number;
}

export interface Finding {
  readonly member: Member;
  readonly reason: DecisionReason;
  /** When this would be told, or must be looked at again; null: when something happens. */
  readonly dueMs: number | null;
}

/** Labels of an event as routes, silences and inhibition see them. */
export function routingLabelsOf(event: AlertEvent): AlertLabels {
  return { ...event.labels, alert: event.rule, severity: severityName(event.severity) ?? "none" };
}

export function standingOf(event: AlertEvent): Standing {
  return { firing: transitionName(event.transition) !== "resolved", severity: severityName(event.severity) };
}

export class Group {
  readonly key: string;
  readonly route: Route;
  readonly labels: AlertLabels;
  readonly members = new Map<string, Member>();
  /** When its last message was decided; null before the first. */
  lastFlushMs: number | null = null;
  /** When it is to be looked at next; null: when something happens. */
  dueMs: number | null = null;

  constructor(key: string, route: Route, labels: AlertLabels) {
    this.key = key;
    this.route = route;
    this.labels = labels;
  }

  /** How every alert of the group stands at a moment. Pure. */
  examine(nowMs: number, around: Surroundings): readonly Finding[] {
    const { route } = this;
    const muted = (name: "muteIntervals" | "activeIntervals"): boolean =>
      route[name].some((interval) => isWithin(interval, nowMs, around.zoneOffset));
    const mutedByTime = muted("muteIntervals") || (route.activeIntervals.length > 0 && !muted("activeIntervals"));
    return Array.from(this.members.values(), (member) => this.#find(member, nowMs, mutedByTime, around));
  }

  #find(member: Member, nowMs: number, mutedByTime: boolean, around: Surroundings): Finding {
    const { told, labels, alertKey, newest } = member;
    const { event } = newest;
    const repeatMs = this.#repeatMs(told, around.repeatFromMs);
    const silences = around.control.silences.muting(labels, nowMs);
    const inhibited = around.inhibition.inhibitorOf(alertKey, labels) !== null;
    const acknowledgement = around.control.acknowledgements.of(event.incident);
    const acknowledged = acknowledgement !== null;
    const reason = decideNotice(
      standingOf(event),
      told,
      { inhibited, silenced: silences.length > 0, mutedByTime },
      acknowledged,
      repeatMs !== null && repeatMs <= nowMs,
    );
    if (isNotice(reason)) {
      const dueMs =
        reason === "RepeatIntervalElapsed"
          ? repeatMs!
          : this.#dueMs(member, reason, acknowledgement?.place.appendedAtMs ?? 0);
      return { member, reason, dueMs };
    }
    if (reason === "Silenced") return { member, reason, dueMs: firstEndMs(silences) };
    if (reason === "MutedByTime") return { member, reason, dueMs: nextMinuteMs(nowMs) };
    return { member, reason, dueMs: reason === "NothingNew" && !acknowledged ? repeatMs : null };
  }

  #repeatMs(told: Told | null, fromMs: number): number | null {
    const { repeatIntervalMs } = this.route;
    return told === null || repeatIntervalMs === null ? null : Math.max(fromMs, told.atMs + repeatIntervalMs);
  }

  /** The wait is measured from the event: what was muted for longer than that is told as soon as nothing mutes it. */
  #dueMs(member: Member, reason: Exclude<NoticeReason, "RepeatIntervalElapsed">, acknowledgedMs: number): number {
    const { groupWaitMs, groupIntervalMs } = this.route;
    const decidedMs = Number(member.newest.event.decidedMs);
    switch (reason) {
      case "Acknowledged":
      case "AcknowledgementWithdrawn":
        return acknowledgedMs;
      case "SeverityRaised":
        return decidedMs + groupWaitMs;
      default:
        if (this.lastFlushMs === null) return decidedMs + groupWaitMs;
        return Math.max(decidedMs, this.lastFlushMs + groupIntervalMs);
    }
  }
}

function firstEndMs(silences: readonly KnownSilence[]): number | null {
  return earliest(silences.map(({ silence }) => Number(silence.endsMs)));
}

/** The earliest of some moments; null when there is none. */
export function earliest(moments: Iterable<number | null>): number | null {
  let first: number | null = null;
  for (const moment of moments) if (moment !== null && (first === null || moment < first)) first = moment;
  return first;
}
