import {
  type ClosedWindow,
  type Decision,
  decide,
  ended,
  eventOf,
  evolve,
  insufficient,
  type Rule,
  type Sample,
  type TimedReading,
  tally,
} from "@farmscope/domain";
import type { Logger } from "@farmscope/runtime";
import type { AlertBook, BookEntry } from "./alert-book.ts";
import { type RecordedEvent, recordedEventOf } from "./alert-records.ts";
import { culpritsOf } from "./culprits.ts";

/** Where samples stand: in event time, in fs.view and in the time of the log. */
export type SamplePlace = Pick<ClosedWindow, "farm" | "startMs" | "endMs" | "position" | "appendedAtMs">;

/** Takes samples through the lives of their alerts. */
export class AlertStepper {
  /** Incidents begun. */
  fired = 0;
  readonly #book: AlertBook;
  readonly #logger: Logger;

  /** @param book the states that the events so far have led to. */
  constructor(book: AlertBook, logger: Logger) {
    this.#book = book;
    this.#logger = logger;
  }

  /**
   * All samples of a rule in a farm at one window, and the alerts that have none.
   * @param windows the windows that were read, for who is to blame; may be empty.
   */
  steps(
    rule: Rule,
    samples: readonly Sample[],
    place: SamplePlace,
    windows: readonly ClosedWindow[],
    deciding: boolean,
  ): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    const absent = this.#absent(rule, samples, place.farm);
    for (const list of [samples, absent]) {
      for (const sample of list) {
        const event = this.#step(rule, sample, place, windows, deciding);
        if (event !== null) events.push(event);
      }
    }
    return events;
  }

  /** Ends the alerts of a farm whose rules are in force no more. */
  endRemoved(known: ReadonlySet<string>, place: SamplePlace, deciding: boolean): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    for (const entry of this.#book.ofFarm(place.farm)) {
      if (known.has(entry.rule)) continue;
      const event = deciding ? this.#remove(entry, place) : null;
      if (event !== null) events.push(event);
    }
    return events;
  }

  #absent(rule: Rule, samples: readonly Sample[], farm: string): Sample[] {
    const shelf = this.#book.shelf(rule.name, farm);
    if (shelf.size === 0) return [];
    const present = new Set(samples.map((sample) => sample.alertKey));
    const gone = [...shelf.values()].filter(({ alertKey }) => !present.has(alertKey));
    return gone.map(({ alertKey, labels }) => ({ alertKey, labels, reading: insufficient("InstanceAbsent") }));
  }

  #step(
    rule: Rule,
    sample: Sample,
    place: SamplePlace,
    windows: readonly ClosedWindow[],
    deciding: boolean,
  ): RecordedEvent | null {
    const { alertKey, labels } = sample;
    const at = timed(sample, place);
    const before = this.#book.stateOf(rule.name, place.farm, alertKey);
    const state = tally(rule, before, at);
    const decision = decide(rule, state, at);
    const lifecycle = deciding ? eventOf(alertKey, state, decision, at) : null;
    const next = lifecycle === null ? state : evolve(state, lifecycle);
    const followed = this.#book.keep({ alertKey, rule: rule.name, labels, state: next });
    if (lifecycle === null || !followed) return null;
    if (lifecycle.transition === "firing") this.fired++;
    const culprits = lifecycle.transition === "pending" ? [] : culpritsOf(rule, labels, windows);
    const context = { decidedMs: place.appendedAtMs, culprits };
    const { recorded, faults } = recordedEventOf(rule, sample, at, decision, lifecycle, context);
    if (faults.length > 0) this.#logger.warn({ rule: rule.name, faults }, "an annotation could not be filled");
    return recorded;
  }

  /** Of a rule that is gone only its name and the alert's own labels are left. */
  #remove({ alertKey, rule: name, labels, state }: BookEntry, place: SamplePlace): RecordedEvent | null {
    const at = timed({ alertKey, labels, reading: insufficient("RuleRemoved") }, place);
    const decision: Decision = ended(state, "RuleRemoved");
    const lifecycle = state.phase === "inactive" ? null : eventOf(alertKey, state, decision, at);
    this.#book.forget(name, place.farm, alertKey);
    if (lifecycle === null || at.position <= state.decidedAt) return null;
    const rule = { name, signal: "", labels: {}, annotations: {} };
    const sample: Sample = { alertKey, labels, reading: at.reading };
    const context = { decidedMs: place.appendedAtMs, culprits: [] };
    return recordedEventOf(rule, sample, at, decision, lifecycle, context).recorded;
  }
}

function timed({ reading }: Sample, { startMs, endMs, position }: SamplePlace): TimedReading {
  return { reading, windowStartMs: startMs, windowEndMs: endMs, position };
}
