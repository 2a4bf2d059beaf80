/**
 * What fs.alert says happened so far: the fold with which alerting begins. States follow from the events, unfinished
 * notifications from the intents without a final outcome.
 */

import {
  AlertBook,
  instanceLabelsOf,
  lifecycleEventOf,
  notificationIdOf,
  type RecordedEvent,
} from "@farmscope/alerting-core";
import { evolve } from "@farmscope/domain";
import type { EventLog, LogRecord } from "@farmscope/log";
import {
  type AlertEvent,
  type AlertRecord,
  AlertRecordSchema,
  type DeliveryIntent,
  type DeliveryOutcome,
  DeliveryResult,
  fromBinary,
} from "@farmscope/proto";
import { type Notification, TellingBook } from "./notification.ts";
import { retryWaitMs } from "./notifiers/retry-wait.ts";

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

export class AlertHistory {
  readonly book = new AlertBook();
  readonly telling = new TellingBook();
  /** By notification id, in the order in which they were begun. */
  readonly open = new Map<string, OpenNotification>();
  /**
   * Events of the newest record of fs.view that led to any. Those of one record are announced before the next one is
   * evaluated, so only of these it can be unknown whether they were.
   */
  latest: RecordedEvent[] = [];
  /** Greatest position of fs.view that an event was decided at; 0 without events. */
  viewPosition = 0;
  /** Records that could not be read. */
  malformed = 0;
  readonly #notificationOfIntent = new Map<string, string>();

  add(payload: Uint8Array): void {
    const record = decode(payload);
    if (record === null) {
      this.malformed++;
      return;
    }
    const { id, body } = record;
    if (body.case === "event") this.#addEvent(id, body.value);
    if (body.case === "intent") this.#addIntent(id, body.value);
    if (body.case === "outcome") this.#addOutcome(body.value);
  }

  #addEvent(id: string, event: AlertEvent): void {
    const lifecycle = lifecycleEventOf(event);
    if (lifecycle === null) {
      this.malformed++;
      return;
    }
    const { rule, alertKey } = event;
    const labels = instanceLabelsOf(event);
    const state = this.book.stateOf(rule, labels["farm"] ?? "", alertKey);
    if (lifecycle.position <= state.decidedAt) return;
    this.book.keep({ alertKey, rule, labels, state: evolve(state, lifecycle) });
    if (lifecycle.position > this.viewPosition) this.latest = [];
    this.viewPosition = Math.max(this.viewPosition, lifecycle.position);
    if (lifecycle.position === this.viewPosition) this.latest.push({ id, event });
  }

  #addIntent(id: string, intent: DeliveryIntent): void {
    const { target, alertKey, incident, eventId, attempt } = intent;
    const notificationId = notificationIdOf(eventId, target);
    this.#notificationOfIntent.set(id, notificationId);
    this.telling.note({ id: notificationId, target, alertKey, incident });
    const body = intent.body.slice();
    this.open.set(notificationId, {
      id: notificationId,
      target,
      alertKey,
      incident,
      eventId,
      body,
      attempt,
      notBeforeMs: 0,
    });
  }

  #addOutcome(outcome: DeliveryOutcome): void {
    const notificationId = this.#notificationOfIntent.get(outcome.intentId);
    const open = notificationId === undefined ? undefined : this.open.get(notificationId);
    this.#notificationOfIntent.delete(outcome.intentId);
    if (open === undefined) return;
    if (outcome.result !== DeliveryResult.RETRY) {
      this.open.delete(open.id);
      return;
    }
    const waitMs = retryWaitMs(open.id, open.attempt, null);
    this.open.set(open.id, { ...open, notBeforeMs: Number(outcome.atMs) + waitMs });
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
export async function foldHistory(log: EventLog, signal: AbortSignal): Promise<AlertHistory> {
  const history = new AlertHistory();
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
