/**
 * What fs.alert says happened so far: the fold with which alerting begins. States follow from the events, what people
 * know from the notices, unfinished notifications from the intents without a final outcome.
 */
import { AlertBook, instanceLabelsOf, lifecycleEventOf, notificationIdOf } from "@farmscope/alerting-core";
import { evolve, isNotice, type NoticeLine, NotificationBook, type NotificationRules } from "@farmscope/domain";
import type { EventLog, LogRecord } from "@farmscope/log";
import {
  type AlertEvent,
  type AlertRecord,
  AlertRecordSchema,
  type DeliveryIntent,
  type DeliveryOutcome,
  DeliveryResult,
  fromBinary,
  type Notice,
} from "@farmscope/proto";
import { type Notification, TellingBook } from "./notification.ts";
import { TargetHealth } from "./target-health.ts";

/** Records of fs.alert that are read at once. */
const READ_RECORDS = 1024;
const READ_WAIT_MS = 1000;

/** A notification that was begun and not finished. */
export interface OpenNotification extends Notification {
  /** The newest attempt that was announced; whether it was made is unknown unless its outcome is there. */
  readonly attempt: number;
  /** Not to be tried again before this, Unix milliseconds. */
  readonly notBeforeMs: number;
}

/** A notice of the last step: its notifications may not all have been begun. */
export interface RecentNotice {
  readonly id: string;
  readonly group: string;
  readonly receiver: string;
  readonly atMs: number;
  readonly lines: readonly NoticeLine[];
}

/** Attempts of a target that still count for its budget. */
const ATTEMPTS_KEPT = 1_000;

export class AlertHistory {
  readonly book = new AlertBook();
  readonly notifications: NotificationBook;
  readonly telling = new TellingBook();
  /** By notification id, in the order in which they were begun. */
  readonly open = new Map<string, OpenNotification>();
  /**
   * Notices of the newest step. A step's notices are recorded before its intents, and all of them before the next step,
   * so only of these it can be unknown whether their notifications were begun.
   */
  readonly recent = new Map<string, RecentNotice>();
  /** When each target was asked lately, Unix milliseconds, rising. */
  readonly attemptsMs = new Map<string, number[]>();
  /** Greatest position of fs.view that an event was decided at; 0 without events. */
  viewPosition = 0;
  /** Records that could not be read. */
  malformed = 0;
  readonly #notificationOfIntent = new Map<string, string>();
  /** Notifications of the recent notices that were begun. */
  readonly begun = new Set<string>();
  readonly health = new TargetHealth();
  readonly #targetOfIntent = new Map<string, string>();

  constructor(rules: NotificationRules) {
    this.notifications = new NotificationBook(rules);
  }

  add(payload: Uint8Array): void {
    const record = decode(payload);
    if (record === null) {
      this.malformed++;
      return;
    }
    const { id, body } = record;
    if (body.case === "event") this.#addEvent(id, body.value);
    if (body.case === "notice") this.#addNotice(id, body.value);
    if (body.case === "intent") this.#addIntent(id, body.value);
    if (body.case === "outcome") this.#addOutcome(body.value);
  }

  #addEvent(id: string, event: AlertEvent): void {
    this.#endStep();
    const lifecycle = lifecycleEventOf(event);
    if (lifecycle === null) {
      this.malformed++;
      return;
    }
    // Alerts about alerting itself are not decided on windows: they have no state.
    if (lifecycle.position === 0) {
      this.health.note(event);
      this.notifications.event({ id, event });
      return;
    }
    const { rule, alertKey } = event;
    const labels = instanceLabelsOf(event);
    const state = this.book.stateOf(rule, labels["farm"] ?? "", alertKey);
    if (lifecycle.position <= state.decidedAt) return;
    this.book.keep({ alertKey, rule, labels, state: evolve(state, lifecycle) });
    this.viewPosition = Math.max(this.viewPosition, lifecycle.position);
    this.notifications.event({ id, event });
  }

  #addNotice(id: string, notice: Notice): void {
    if (this.begun.size > 0) this.#endStep();
    const { group, receiver, atMs } = notice;
    const lines = this.notifications.notice(notice);
    if (lines.length > 0) this.recent.set(id, { id, group, receiver, atMs: Number(atMs), lines });
  }

  #endStep(): void {
    this.recent.clear();
    this.begun.clear();
  }

  #addIntent(id: string, intent: DeliveryIntent): void {
    const { target, alertKey, incident, eventId, attempt, noticeId } = intent;
    const notificationId = id.slice("intent/".length, id.lastIndexOf("/"));
    this.#notificationOfIntent.set(id, notificationId);
    this.#targetOfIntent.set(id, target);
    if (attempt === 1) this.#noteTold(intent, notificationId);
    const notification = {
      id: notificationId,
      target,
      alertKey,
      incident,
      eventId,
      noticeId,
      body: intent.body.slice(),
    };
    this.open.set(notificationId, { ...notification, attempt, notBeforeMs: 0 });
  }

  #noteTold(intent: DeliveryIntent, notificationId: string): void {
    const { target, alertKey, eventId, noticeId } = intent;
    this.begun.add(notificationId);
    const lines = this.recent.get(noticeId)?.lines ?? [];
    if (eventId === "") {
      for (const { event, reason } of lines) this.telling.note(target, event.alertKey, notificationId, reason);
      return;
    }
    const isOnce = notificationId === notificationIdOf(eventId, target);
    const line = lines.find(({ id, reason }) => id === eventId && isNotice(reason));
    if (line !== undefined) this.telling.note(target, alertKey, notificationId, line.reason);
    else if (isOnce) this.telling.note(target, alertKey, notificationId, "FirstNotification");
  }

  #noteAttempt(target: string, atMs: number): void {
    const attempts = this.attemptsMs.get(target) ?? [];
    attempts.push(atMs);
    if (attempts.length > ATTEMPTS_KEPT) attempts.shift();
    this.attemptsMs.set(target, attempts);
  }

  #addOutcome(outcome: DeliveryOutcome): void {
    const notificationId = this.#notificationOfIntent.get(outcome.intentId);
    const open = notificationId === undefined ? undefined : this.open.get(notificationId);
    const target = this.#targetOfIntent.get(outcome.intentId);
    this.#notificationOfIntent.delete(outcome.intentId);
    this.#targetOfIntent.delete(outcome.intentId);
    if (target !== undefined) this.#noteAttempt(target, Number(outcome.atMs));
    if (open === undefined) return;
    if (outcome.result === DeliveryResult.RETRY) {
      this.open.set(open.id, { ...open, notBeforeMs: Number(outcome.notBeforeMs) });
    } else this.open.delete(open.id);
  }
}

function decode(payload: Uint8Array): AlertRecord | null {
  try {
    return fromBinary(AlertRecordSchema, payload);
  } catch {
    return null;
  }
}

/**
 * Folds fs.alert as far as it goes now.
 * @throws {OperatingError} LOG_UNAVAILABLE (retriable), ABORTED.
 */
export async function foldHistory(log: EventLog, rules: NotificationRules, signal: AbortSignal): Promise<AlertHistory> {
  const history = new AlertHistory(rules);
  const { first, last } = await log.positions({ kind: "alert" });
  if (last < first) return history;
  const reader = await log.read({ kind: "alert" }, { from: first, allowTruncated: true, signal });
  try {
    for (let position = 0; position < last && !signal.aborted; ) {
      const records: LogRecord[] = await reader.next(READ_RECORDS, READ_WAIT_MS);
      for (const record of records) history.add(record.payload);
      position = records.at(-1)?.position ?? position;
    }
  } finally {
    await reader.close();
  }
  return history;
}
