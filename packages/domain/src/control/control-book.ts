import type { ControlRecord, RuleSet } from "@farmscope/proto";
import { AcknowledgementBook } from "./acknowledgement-book.ts";
import { AnnotationBook } from "./annotation-book.ts";
import { controlFaults } from "./control-faults.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";
import { CONTROL_VERSION } from "./control-record.ts";
import { MembershipBook } from "./membership-book.ts";
import { SamplingBook } from "./sampling-book.ts";
import { SilenceBook } from "./silence-book.ts";

/** The rules in force, and since when. */
export interface RulesInForce {
  readonly rules: RuleSet;
  readonly place: ControlPlace;
}

/** Where a record was read. */
export interface ReadPlace {
  readonly position: number;
  readonly appendedAtMs: number;
}

/**
 * All that holds by fs.control at a position of it: a fold over its records in the order of the log. Whoever reads the
 * same records comes to the same, live or in a replay, so the log alone says what holds.
 */
export class ControlBook {
  readonly memberships = new MembershipBook();
  readonly samplings = new SamplingBook();
  readonly silences = new SilenceBook();
  readonly annotations = new AnnotationBook();
  readonly acknowledgements = new AcknowledgementBook();
  /** Numbers of records by what became of them. */
  readonly outcomes: Record<ControlOutcome, number> = { applied: 0, stale: 0, "over-limit": 0, invalid: 0, passing: 0 };
  #rules: RulesInForce | null = null;
  #position = 0;

  /** Position of the newest record that was folded; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  /** The newest rule set; null when none was ever appended. */
  get rules(): RulesInForce | null {
    return this.#rules;
  }

  /** Folds one record. One that was folded before is stale. */
  apply(record: ControlRecord, { position, appendedAtMs }: ReadPlace): ControlOutcome {
    const outcome = position <= this.#position ? "stale" : this.#fold(record, { position, appendedAtMs });
    this.#position = Math.max(this.#position, position);
    this.outcomes[outcome]++;
    return outcome;
  }

  #fold(record: ControlRecord, read: ReadPlace): ControlOutcome {
    if (record.version !== CONTROL_VERSION || controlFaults(record).length > 0) return "invalid";
    const place = { ...read, id: record.id, by: record.by };
    const { body } = record;
    switch (body.case) {
      case "membership":
        return this.memberships.apply(body.value, place);
      case "sampling":
        return this.samplings.apply(body.value, place);
      case "rules":
        this.#rules = { rules: body.value, place };
        return "applied";
      case "silence":
        return this.silences.apply(body.value, place);
      case "annotation":
        return this.annotations.apply(body.value, place);
      case "acknowledgement":
        return this.acknowledgements.apply(body.value, place);
      default:
        return "passing";
    }
  }
}
