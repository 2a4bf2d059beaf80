import type { EventLog, LogReader, LogRecord } from "@farmscope/log";
import {
  type AlertEvent,
  type AlertRecord,
  AlertRecordSchema,
  DeliveryResult,
  fromBinary,
  Severity,
  Transition,
} from "@farmscope/proto";
import { type Logger, messageOf } from "@farmscope/runtime";
import { ALERT_EVENTS_KEPT, ALERT_INSTANCES_KEPT } from "../limits.ts";
import { enumName } from "../measure/enum-name.ts";
import { num, share } from "../measure/number.ts";
import type { AlertEventLine, AlertState, Delivery } from "../schemas/index.ts";

const RECORDS_PER_PULL = 500;
const PULL_WAIT_MS = 500;
const ENDED: ReadonlySet<AlertState> = new Set<AlertState>(["resolved", "cancelled"]);

/** What a person sees of the alert stream: the newest events and deliveries, and every alert that is not over. */
export interface AlertsState {
  /** Place in fs.alert up to which it is read. */
  readonly position: number;
  /** Last event of each alert instance that is pending or firing, newest first. */
  readonly active: readonly AlertEventLine[];
  readonly events: readonly AlertEventLine[];
  readonly deliveries: readonly Delivery[];
}

/** A bounded fold of fs.alert, read forwards as far as it goes whenever somebody asks. */
export class AlertFeed {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #listeners = new Set<(event: AlertEventLine) => void>();
  /** Ids that were folded, for readers drop what they have seen; as many as events and deliveries are kept. */
  readonly #seen = new Set<string>();
  readonly #last = new Map<string, AlertEventLine>();
  #events: AlertEventLine[] = [];
  readonly #deliveries = new Map<string, Delivery>();
  #position = 0;
  #reader: LogReader | null = null;
  #catchingUp: Promise<void> | null = null;

  constructor(log: EventLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  /** Calls back with each event that is read from now on. */
  onEvent(listener: (event: AlertEventLine) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Reads what was appended since.
   * @throws {OperatingError} LOG_UNAVAILABLE (retriable).
   */
  async catchUp(): Promise<void> {
    this.#catchingUp ??= this.#pull().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  state(): AlertsState {
    const active = [...this.#last.values()].filter((event) => !ENDED.has(event.transition));
    return {
      position: this.#position,
      active: active.sort((a, b) => b.atMs - a.atMs),
      events: this.#events.toReversed(),
      deliveries: [...this.#deliveries.values()].reverse(),
    };
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }

  async #pull(): Promise<void> {
    const { last } = await this.#log.positions({ kind: "alert" });
    while (this.#position < last) {
      this.#reader ??= await this.#log.read({ kind: "alert" }, { from: this.#position + 1, allowTruncated: true });
      const records = await this.#reader.next(RECORDS_PER_PULL, PULL_WAIT_MS);
      if (records.length === 0) return;
      for (const record of records) this.#fold(record);
    }
  }

  #fold(record: LogRecord): void {
    this.#position = record.position;
    try {
      const alert = fromBinary(AlertRecordSchema, record.payload);
      if (alert.id !== "" && this.#seen.has(alert.id)) return;
      remember(this.#seen, alert.id, 2 * ALERT_EVENTS_KEPT);
      this.#apply(alert, record.position);
    } catch (error) {
      this.#logger.warn(
        { position: record.position, err: messageOf(error) },
        "an alert record that cannot be read is left out",
      );
    }
  }

  #apply(alert: AlertRecord, position: number): void {
    const { body } = alert;
    if (body.case === "event") this.#applyEvent(eventLine(alert.id, body.value, position));
    if (body.case === "intent") {
      const { target, alertKey, incident, attempt, atMs } = body.value;
      const sent = { target, alertKey, incident, attempt, atMs: num(atMs) };
      this.#deliveries.set(alert.id, { ...sent, result: null, httpStatus: null, detail: "" });
      dropOldest(this.#deliveries, ALERT_EVENTS_KEPT);
    }
    if (body.case === "outcome") {
      const { intentId, result, httpStatus, detail } = body.value;
      const intent = this.#deliveries.get(intentId);
      const outcome = { result: enumName(DeliveryResult, result), httpStatus: httpStatus || null, detail };
      if (intent !== undefined) this.#deliveries.set(intentId, { ...intent, ...outcome });
    }
  }

  #applyEvent(event: AlertEventLine): void {
    this.#events.push(event);
    if (this.#events.length > 2 * ALERT_EVENTS_KEPT) this.#events = this.#events.slice(-ALERT_EVENTS_KEPT);
    this.#last.delete(event.alertKey);
    this.#last.set(event.alertKey, event);
    if (this.#last.size > ALERT_INSTANCES_KEPT) this.#dropEnded();
    for (const listener of this.#listeners) listener(event);
  }

  #dropEnded(): void {
    for (const [key, event] of this.#last) if (ENDED.has(event.transition)) this.#last.delete(key);
    dropOldest(this.#last, ALERT_INSTANCES_KEPT);
  }
}

function eventLine(id: string, event: AlertEvent, position: number): AlertEventLine {
  return {
    id,
    position,
    alertKey: event.alertKey,
    rule: event.rule,
    incident: event.incident,
    transition: enumName(Transition, event.transition) as AlertState,
    reason: event.reason,
    severity:
      event.severity === Severity.UNSPECIFIED ? null : (enumName(Severity, event.severity) as "warning" | "critical"),
    value: Number.isFinite(event.value) ? event.value : 0,
    lower: Number.isFinite(event.lower) ? event.lower : null,
    upper: Number.isFinite(event.upper) ? event.upper : null,
    coverage: share(event.coverage),
    atMs: num(event.atMs),
    sinceMs: num(event.sinceMs),
    viewPosition: num(event.viewPosition),
    labels: { ...event.labels },
    annotations: { ...event.annotations },
  };
}

function dropOldest(map: Map<string, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}

function remember(set: Set<string>, id: string, sizeMax: number): void {
  set.add(id);
  for (const oldest of set) {
    if (set.size <= sizeMax) return;
    set.delete(oldest);
  }
}
