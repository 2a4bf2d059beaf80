import type { Acknowledgement } from "@farmscope/proto";
import { ACKNOWLEDGEMENTS_MAX } from "./control-limits.ts";
import type { ControlOutcome, ControlPlace } from "./control-outcome.ts";

export interface KnownAcknowledgement {
  readonly acknowledgement: Acknowledgement;
  readonly place: ControlPlace;
}

/** Who looks after which incident. */
export class AcknowledgementBook {
  readonly #entries = new Map<string, KnownAcknowledgement>();
  /** Acknowledgements that went since there were too many. */
  forgotten = 0;

  get size(): number {
    return this.#entries.size;
  }

  apply(acknowledgement: Acknowledgement, place: ControlPlace): ControlOutcome {
    const { incident, withdrawn } = acknowledgement;
    const wasKnown = this.#entries.delete(incident);
    if (withdrawn) return wasKnown ? "applied" : "stale";
    this.#entries.set(incident, { acknowledgement, place });
    if (this.#entries.size > ACKNOWLEDGEMENTS_MAX) {
      this.#entries.delete(this.#entries.keys().next().value!);
      this.forgotten++;
    }
    return "applied";
  }

  /** Null when nobody has acknowledged the incident, or took it back. */
  of(incident: string): KnownAcknowledgement | null {
    return this.#entries.get(incident) ?? null;
  }
}
