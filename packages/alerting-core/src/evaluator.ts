import {
  type ClosedWindow,
  closedWindowOf,
  evaluateRule,
  isDue,
  oldestTallied,
  type Rule,
  type Sample,
  sampleOf,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { fromBinary, type ViewRecord, ViewRecordSchema } from "@farmscope/proto";
import type { Logger } from "@farmscope/runtime";
import type { AlertBook } from "./alert-book.ts";
import type { RecordedEvent } from "./alert-records.ts";
import { BurnBook } from "./burn-book.ts";
import { FarmHistories } from "./farm-histories.ts";
import { NodeRecords } from "./node-records.ts";
import { AlertStepper } from "./stepper.ts";

/** Keys of the closing records of farms, which alerting evaluates, and of the partitions' parts of windows. */
const FARM_KEY_PREFIX = "farm/";
const PARTIAL_KEY_PREFIX = "partial/";

/** A record of fs.view, live or read back. */
export type ViewLogRecord = Pick<LogRecord, "key" | "payload" | "position" | "appendedAtMs">;

/**
 * Reads closing records of farms and decides what happens to each alert: the one code path of the live service, a
 * restart and a backtest.
 */
export class Evaluator {
  readonly #book: AlertBook;
  readonly #logger: Logger;
  readonly #stepper: AlertStepper;
  readonly #nodes = new NodeRecords();
  readonly #burns = new BurnBook();
  readonly #farms: FarmHistories;
  #rules: readonly Rule[] = [];
  #names: ReadonlySet<string> = new Set();
  #readsNodes = false;

  /** @param book the states that the events so far have led to. */
  constructor(rules: readonly Rule[], book: AlertBook, logger: Logger) {
    this.#book = book;
    this.#logger = logger;
    this.#stepper = new AlertStepper(book, logger);
    this.#farms = new FarmHistories();
    this.useRules(rules);
  }

  /** Incidents begun. */
  get fired(): number {
    return this.#stepper.fired;
  }

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  /**
   * Evaluates under other rules from the next record on. Alerts keep their states, by rule and labels; those of rules
   * that are gone end at the next window of their farm.
   */
  useRules(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#names = new Set(rules.map((rule) => rule.name));
    this.#readsNodes = rules.some((rule) => rule.by !== "farm");
    this.#farms.spanMs = Math.max(0, ...rules.map((rule) => rule.windowMs));
    this.#burns.keepOnly(rules);
  }

  /**
   * Evaluates one record under every rule that is due.
   * @param deciding false: what is read only adds to what is known, as after a restart.
   * @returns the events decided, which the states have taken in; null when the record is no closing record of a farm, or
   *   was evaluated before.
   */
  run(record: ViewLogRecord, deciding: boolean): RecordedEvent[] | null {
    const isFarm = record.key.startsWith(FARM_KEY_PREFIX);
    if (!isFarm && !(this.#readsNodes && record.key.startsWith(PARTIAL_KEY_PREFIX))) return null;
    const view = this.#decode(record);
    if (view?.body.case === "partial") this.#nodes.add(view.body.value, record.position);
    const window = view === null ? null : this.#closingWindow(view, record);
    const history = window === null ? null : this.#farms.add(window);
    if (window === null || history === null) return null;
    const events = this.#stepper.endRemoved(this.#names, window, deciding);
    for (const rule of this.#rules) events.push(...this.#evaluate(rule, window, history.last(rule.windowMs), deciding));
    return events;
  }

  /** Where a restart must begin to read so that it would decide as we shall: `next`, or earlier. */
  resumePosition(next: number): number {
    const kept = [this.#farms.oldestPosition, this.#nodes.oldestPosition, this.#burns.oldestPosition];
    let oldest = Math.min(next, ...kept.filter((position) => position !== null));
    const rules = new Map(this.#rules.map((rule) => [rule.name, rule]));
    for (const { rule: name, state } of this.#book.entries()) {
      const rule = rules.get(name);
      if (rule !== undefined) oldest = Math.min(oldest, oldestTallied(rule, state) ?? next);
    }
    return oldest;
  }

  /** How many alerts are in each phase. O(alerts). */
  alerts(): { readonly pending: number; readonly firing: number } {
    let pending = 0;
    let firing = 0;
    for (const { state } of this.#book.entries()) {
      if (state.phase === "pending") pending++;
      if (state.phase === "firing") firing++;
    }
    return { pending, firing };
  }

  #closingWindow(view: ViewRecord, record: ViewLogRecord): ClosedWindow | null {
    const { position, appendedAtMs } = record;
    if (view.body.case !== "farm" || view.body.value.revision !== 0) return null;
    const { widthMs, startMs } = view.body.value;
    if (widthMs > 0) {
      return closedWindowOf(view.body.value, { position, appendedAtMs }, this.#nodes.of(Number(startMs)));
    }
    this.#logger.warn({ position }, "a closing record without a width was left out");
    return null;
  }

  #decode(record: ViewLogRecord): ViewRecord | null {
    try {
      return fromBinary(ViewRecordSchema, record.payload);
    } catch (error) {
      this.#logger.warn({ err: error, position: record.position }, "a record of fs.view is malformed");
      return null;
    }
  }

  #evaluate(rule: Rule, window: ClosedWindow, windows: readonly ClosedWindow[], deciding: boolean): RecordedEvent[] {
    const { measure } = rule;
    if (measure.kind === "burn-rate") this.#burns.add(rule, measure.slo, window);
    if (!isDue(rule, window)) return [];
    return this.#stepper.steps(rule, this.#samples(rule, window, windows), window, windows, deciding);
  }

  #samples(rule: Rule, window: ClosedWindow, windows: readonly ClosedWindow[]): Sample[] {
    const { measure } = rule;
    if (measure.kind !== "burn-rate") return evaluateRule(rule, windows);
    return [sampleOf(rule, { farm: window.farm }, this.#burns.read(rule, measure.slo, window))];
  }
}
