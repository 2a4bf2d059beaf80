import { type AlertBook, Evaluator, type RecordedEvent } from "@farmscope/alerting-core";
import type { Rule } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { type Logger, StageCounter } from "@farmscope/runtime";

/**
 * Reads closing records of farms and decides what happens to each alert. Counts records of fs.view: those that are no
 * closing record of a farm, or not evaluated for the first time, are dropped.
 */
export class EvaluateStage {
  readonly counter = new StageCounter("evaluate");
  readonly #evaluator: Evaluator;

  /** @param book the states that the events so far have led to. */
  constructor(rules: readonly Rule[], book: AlertBook, logger: Logger) {
    this.#evaluator = new Evaluator(rules, book, logger);
  }

  /** Incidents begun. */
  get fired(): number {
    return this.#evaluator.fired;
  }

  /**
   * Evaluates one record under every rule that is due.
   * @param deciding false: what is read only adds to what is known, as after a restart.
   * @returns the events decided; the states have taken them in.
   */
  run(record: LogRecord, deciding: boolean): readonly RecordedEvent[] {
    const events = this.#evaluator.run(record, deciding);
    this.counter.in++;
    if (events === null) this.counter.dropped++;
    else this.counter.out++;
    return events ?? [];
  }

  /** Where a restart must begin to read so that it would decide as we shall: `next`, or earlier. */
  resumePosition(next: number): number {
    return this.#evaluator.resumePosition(next);
  }

  /** How many alerts are in each phase. O(alerts). */
  alerts(): { readonly pending: number; readonly firing: number } {
    return this.#evaluator.alerts();
  }
}
