/**
 * Who is told of what, and when: a fold over the events and notices of fs.alert and the wishes of fs.control, moved by
 * the time of the log. The same records give the same notices live, after a restart and in a backtest. Pure; the
 * timelines in notification-book.test.ts are the picture.
 */
import type { ControlRecord, Notice } from "@farmscope/proto";
import { ControlBook, type ReadPlace } from "../../control/control-book.ts";
import { transitionName } from "../event-words.ts";
import type { ZoneOffset } from "./civil-time.ts";
import { type DecisionReason, isNotice, type NoticeReason, type Told } from "./decision.ts";
import { earliest, Group, type IdentifiedEvent, type Member, routingLabelsOf, standingOf } from "./group.ts";
import { Inhibition, type InhibitRule } from "./inhibition.ts";
import type { AlertLabels } from "./matcher.ts";
import { groupKeyOf, groupLabelsOf, type Route, routesOf } from "./route.ts";

/** Most alerts in groups; as many as alerts with a state. */
export const MEMBERS_MAX = 200_000;

export interface NotificationRules {
  readonly route: Route;
  readonly inhibitRules: readonly InhibitRule[];
  readonly zoneOffset: ZoneOffset;
}

/** One alert of a decision to tell. */
export interface NoticeLine extends IdentifiedEvent {
  readonly reason: NoticeReason;
}

/** A decision to tell a receiver something. */
export interface NoticeDecision {
  readonly group: string;
  readonly receiver: string;
  /** What the alerts of the group have in common. */
  readonly groupLabels: AlertLabels;
  readonly atMs: number;
  readonly lines: readonly NoticeLine[];
  /** Alerts of the group that fire and are not news. */
  readonly others: number;
}

/** What becomes of events on their way to people, for the counters of the stages. */
export interface Passage {
  /** An event that at least one group takes. */
  onRouted(): void;
  /** An event that none takes. */
  onUntold(): void;
  /** A group took an event. */
  onJoined(): void;
  /** An event that a group gave up before anyone looked at it: a newer one came, or the alert ended untold. */
  onSuperseded(): void;
  /** An alert was looked at in a flush. @param again not for the first time since its newest event. */
  onExamined(reason: DecisionReason, again: boolean): void;
}

const UNCOUNTED: Passage = {
  onRouted: () => {},
  onUntold: () => {},
  onJoined: () => {},
  onSuperseded: () => {},
  onExamined: () => {},
};
/** What people hear of. An alert that is only pending, or was never more, stays in the log and in the views. */
const TOLD: readonly (string | null)[] = ["firing", "escalated", "deescalated", "resolved"];

export class NotificationBook {
  /** Alerts that could not be followed because there are too many. */
  refused = 0;
  /** What people wish. */
  readonly control = new ControlBook();
  readonly #rules: NotificationRules;
  #passage: Passage = UNCOUNTED;
  readonly #inhibition: Inhibition;
  readonly #groups = new Map<string, Group>();
  readonly #groupsOfAlert = new Map<string, Set<Group>>();
  readonly #unexamined = new Set<Group>();
  #members = 0;
  #nowMs = 0;
  #repeatFromMs = 0;

  constructor(rules: NotificationRules) {
    this.#rules = rules;
    this.#inhibition = new Inhibition(rules.inhibitRules);
  }

  /** How far time has come, in Unix milliseconds of the log. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Alerts that fire, or whose end is still to be told, by receiver. */
  get members(): number {
    return this.#members;
  }

  /** Takes in an event. One that was taken in before changes nothing. */
  event(identified: IdentifiedEvent): void {
    const { event } = identified;
    this.#nowMs = Math.max(this.#nowMs, Number(event.decidedMs));
    if (!TOLD.includes(transitionName(event.transition))) {
      this.#passage.onUntold();
      return;
    }
    const { alertKey } = event;
    const labels = routingLabelsOf(event);
    const { firing } = standingOf(event);
    if (this.#inhibition.note(alertKey, labels, firing)) this.#doubtAll();
    const groups = this.#groupsFor(alertKey, labels, firing);
    const joined = groups.filter((group) => this.#join(group, alertKey, labels, identified));
    if (joined.length === 0) this.#passage.onUntold();
    else this.#passage.onRouted();
  }

  /** Takes in a record of fs.control. */
  wish(record: ControlRecord, place: ReadPlace): void {
    this.control.apply(record, place);
    const { body } = record;
    if (body.case === "silence" || body.case === "acknowledgement") this.#doubtAll();
  }

  /** Takes in a notice that an earlier life decided. A group that no route makes any more is forgotten. */
  notice(notice: Notice): readonly NoticeLine[] {
    this.#nowMs = Math.max(this.#nowMs, Number(notice.atMs));
    const group = this.#groups.get(notice.group);
    if (group === undefined) return [];
    const lines: NoticeLine[] = [];
    for (const { alertKey, eventId, reason } of notice.items) {
      const member = group.members.get(alertKey);
      if (member === undefined || member.newest.id !== eventId || !isNotice(reason)) continue;
      lines.push({ ...member.newest, reason });
      this.#tell(group, member, reason, Number(notice.atMs));
    }
    group.lastFlushMs = Number(notice.atMs);
    if (this.#groups.has(group.key)) this.#unexamined.add(group);
    return lines;
  }

  /** When something is to be told or looked at next; null: when something happens. */
  nextDueMs(): number | null {
    this.#examineDoubted();
    return earliest(Array.from(this.#groups.values(), (group) => group.dueMs));
  }

  /** Moves time forward. @returns what is to be told by then, in order. */
  advance(toMs: number): readonly NoticeDecision[] {
    const decisions: NoticeDecision[] = [];
    for (let dueMs = this.nextDueMs(); dueMs !== null && dueMs <= toMs; dueMs = this.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      const due = [...this.#groups.values()].filter((group) => group.dueMs !== null && group.dueMs <= this.#nowMs);
      for (const group of due) {
        const decision = this.#flush(group);
        if (decision !== null) decisions.push(decision);
      }
    }
    this.#nowMs = Math.max(this.#nowMs, toMs);
    return decisions;
  }

  /**
   * Begins a new life where the log ends. Time goes on from the last record, so that what happened meanwhile is told as
   * it would have been; only repeats that were due while nobody lived are told once.
   * @param nowMs the moment at which the new life begins. @param passage counts from here.
   */
  resume(nowMs: number, passage: Passage = UNCOUNTED): void {
    this.#repeatFromMs = nowMs;
    this.#passage = passage;
    for (const group of this.#groups.values()) for (const member of group.members.values()) member.examined = true;
    this.#doubtAll();
  }

  /** Groups that an alert's routes lead to, and those that were told of its beginning: they hear of all that follows. */
  #groupsFor(alertKey: string, labels: AlertLabels, firing: boolean): readonly Group[] {
    const groups = new Set<Group>();
    for (const group of this.#groupsOfAlert.get(alertKey) ?? []) {
      if (group.members.get(alertKey)!.told !== null) groups.add(group);
      else this.#leave(group, alertKey);
    }
    if (firing)
      for (const route of routesOf(this.#rules.route, labels)) groups.add(this.#groupOf(route, labels, alertKey));
    return [...groups];
  }

  #groupOf(route: Route, labels: AlertLabels, alertKey: string): Group {
    const groupLabels = groupLabelsOf(route, labels, alertKey);
    const key = groupKeyOf(route, groupLabels);
    return this.#groups.get(key) ?? new Group(key, route, groupLabels);
  }

  /** @returns whether the group has taken the event. */
  #join(group: Group, alertKey: string, labels: AlertLabels, newest: IdentifiedEvent): boolean {
    const known = group.members.get(alertKey);
    if (known?.newest.id === newest.id) return true;
    if (known === undefined && this.#members >= MEMBERS_MAX) {
      this.refused++;
      return false;
    }
    if (known?.examined === false) this.#passage.onSuperseded();
    this.#passage.onJoined();
    this.#unexamined.add(group);
    if (known === undefined) this.#add(group, { alertKey, newest, labels, told: null, examined: false });
    else Object.assign(known, { newest, labels, told: toldOfNext(known, newest), examined: false });
    return true;
  }

  #add(group: Group, member: Member): void {
    const { alertKey } = member;
    this.#members++;
    this.#groups.set(group.key, group);
    group.members.set(alertKey, member);
    const groups = this.#groupsOfAlert.get(alertKey) ?? new Set();
    this.#groupsOfAlert.set(alertKey, groups.add(group));
  }

  #leave(group: Group, alertKey: string): void {
    const member = group.members.get(alertKey)!;
    if (!member.examined) this.#passage.onSuperseded();
    group.members.delete(alertKey);
    this.#members--;
    const groups = this.#groupsOfAlert.get(alertKey)!;
    groups.delete(group);
    if (groups.size === 0) this.#groupsOfAlert.delete(alertKey);
    if (group.members.size === 0) {
      this.#groups.delete(group.key);
      this.#unexamined.delete(group);
    }
  }

  #flush(group: Group): NoticeDecision | null {
    const findings = group.examine(this.#nowMs, this.#surroundings());
    this.#unexamined.add(group);
    const newsDueMs = earliest(findings.map(({ reason, dueMs }) => (isNotice(reason) ? dueMs : null)));
    const speaks = newsDueMs !== null && newsDueMs <= this.#nowMs;
    const lines: NoticeLine[] = [];
    for (const { member, reason } of findings) {
      if (isNotice(reason) && !speaks) continue;
      if (!member.examined || isNotice(reason)) this.#passage.onExamined(reason, member.examined);
      member.examined = true;
      if (!isNotice(reason)) continue;
      lines.push({ ...member.newest, reason });
      this.#tell(group, member, reason, this.#nowMs);
    }
    if (!speaks) return null;
    group.lastFlushMs = this.#nowMs;
    const { key, labels, route } = group;
    const others = findings.length - lines.length;
    return { group: key, receiver: route.receiver, groupLabels: labels, atMs: this.#nowMs, lines, others };
  }

  #tell(group: Group, member: Member, reason: NoticeReason, atMs: number): void {
    member.examined = true;
    if (reason === "Resolved") {
      this.#leave(group, member.alertKey);
      return;
    }
    const { severity } = standingOf(member.newest.event);
    const acknowledged = reason === "Acknowledged" || (reason !== "AcknowledgementWithdrawn" && isAcknowledged(member));
    member.told = { severity, acknowledged, atMs };
  }

  #doubtAll(): void {
    for (const group of this.#groups.values()) this.#unexamined.add(group);
  }

  #examineDoubted(): void {
    for (const group of this.#unexamined) {
      const findings = group.examine(this.#nowMs, this.#surroundings());
      group.dueMs = earliest(findings.map((finding) => finding.dueMs));
    }
    this.#unexamined.clear();
  }

  #surroundings() {
    return {
      control: this.control,
      inhibition: this.#inhibition,
      zoneOffset: this.#rules.zoneOffset,
      repeatFromMs: this.#repeatFromMs,
    };
  }
}

function isAcknowledged({ told }: Member): boolean {
  return told?.acknowledged ?? false;
}

/** Another incident before the end of the first was told goes on as the same one; nobody has acknowledged it yet. */
function toldOfNext({ told, newest }: Member, next: IdentifiedEvent): Told | null {
  if (told === null || newest.event.incident === next.event.incident) return told;
  return { ...told, acknowledged: false };
}
