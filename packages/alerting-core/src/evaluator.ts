import {
  type ClosedWindow,
  closedWindowOf,
  decide,
  evaluateRule,
  eventOf,
  evolve,
  insufficient,
  isDue,
  oldestTallied,
  type Rule,
  type Sample,
  type TimedReading,
  tally,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { fromBinary, type ViewRecord, ViewRecordSchema } from "@farmscope/proto";
import type { Logger } from "@farmscope/runtime";
import type { AlertBook } from "./alert-book.ts";
import { type RecordedEvent, recordedEventOf } from "./alert-records.ts";
import { FarmHistories } from "./farm-histories.ts";

/** Keys of the records that alerting evaluates: the closing records of farms. */
const FARM_KEY_PREFIX = "farm/";

/** A record of fs.view, live or read back. */
export type ViewLogRecord = Pick<LogRecord, "key" | "payload" | "position">;

/**
 * Reads closing records of farms and decides what happens to each alert: the one code path of the live service, a
 * restart and a backtest.
 */
export class Evaluator {
  /** Incidents begun. */
  fired = 0;
  readonly #rules: readonly Rule[];
  readonly #book: AlertBook;
  readonly #logger: Logger;
  readonly #farms: FarmHistories;

  /** @param book the states that the events so far have led to. */
  constructor(rules: readonly Rule[], book: AlertBook, logger: Logger) {
    this.#rules = rules;
    this.#book = book;
    this.#logger = logger;
    this.#farms = new FarmHistories(Math.max(0, ...rules.map((rule) => rule.windowMs)));
  }

  /**
   * Evaluates one record under every rule that is due.
   * @param deciding false: what is read only adds to what is known, as after a restart.
   * @returns the events decided, which the states have taken in; null when the record is no closing record of a farm, or
   *   was evaluated before.
   */
  run(record: ViewLogRecord, deciding: boolean): RecordedEvent[] | null {
    const window = record.key.startsWith(FARM_KEY_PREFIX) ? this.#closingWindow(record) : null;
    const windows = window === null ? null : this.#farms.add(window);
    if (window === null || windows === null) return null;
    const due = this.#rules.filter((rule) => isDue(rule, window));
    return due.flatMap((rule) => this.#evaluate(rule, window, windows.last(rule.windowMs), deciding));
  }

  /** Where a restart must begin to read so that it would decide as we shall: `next`, or earlier. */
  resumePosition(next: number): number {
    let oldest = Math.min(next, this.#farms.oldestPosition ?? next);
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

  #closingWindow(record: ViewLogRecord): ClosedWindow | null {
    const view = this.#decode(record);
    if (view?.body.case !== "farm" || view.body.value.revision !== 0) return null;
    if (view.body.value.widthMs > 0) return closedWindowOf(view.body.value, record.position);
    this.#logger.warn({ position: record.position }, "a closing record without a width was left out");
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
    const samples = evaluateRule(rule, windows);
    const present = new Set(samples.map((sample) => sample.alertKey));
    const known = [...this.#book.shelf(rule.name, window.farm).values()];
    const absent = known
      .filter(({ alertKey }) => !present.has(alertKey))
      .map(({ alertKey, labels }) => ({ alertKey, labels, reading: insufficient("InstanceAbsent") }));
    return [...samples, ...absent]
      .map((sample) => this.#step(rule, window, sample, deciding))
      .filter((event) => event !== null);
  }

  #step(rule: Rule, window: ClosedWindow, sample: Sample, deciding: boolean): RecordedEvent | null {
    const { alertKey, labels, reading } = sample;
    const { startMs, endMs, position } = window;
    const at: TimedReading = { reading, windowStartMs: startMs, windowEndMs: endMs, position };
    const state = tally(rule, this.#book.stateOf(rule.name, window.farm, alertKey), at);
    const decision = decide(rule, state, at);
    const lifecycle = deciding ? eventOf(alertKey, state, decision, at) : null;
    const next = lifecycle === null ? state : evolve(state, lifecycle);
    const followed = this.#book.keep({ alertKey, rule: rule.name, labels, state: next });
    if (lifecycle === null || !followed) return null;
    const { recorded, faults } = recordedEventOf(rule, sample, at, decision, lifecycle);
    if (lifecycle.transition === "firing") this.fired++;
    if (faults.length > 0) this.#logger.warn({ rule: rule.name, faults }, "an annotation could not be filled");
    return recorded;
  }
}
