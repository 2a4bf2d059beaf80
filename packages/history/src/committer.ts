import type { EventLog } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying } from "@farmscope/runtime";
import type { Claim, Commit, CommitOutcome, Scope, SeriesWrite, ViewStore } from "@farmscope/store";
import { appendEffects, type Effect } from "./effects.ts";
import type { ViewWrite } from "./pending.ts";

export interface CommitterPorts {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface CommitContent {
  readonly position: number;
  readonly recordId: string;
  readonly effects: readonly Effect[];
  readonly puts: readonly ViewWrite[];
  readonly series: readonly SeriesWrite[];
}

/**
 * Writes what was folded: first the records, acknowledged, then views and position in one fenced commit. In this order
 * a crash in between repeats records, which readers drop by their ids, and never loses one.
 */
export class Committer {
  readonly #scope: Scope;
  readonly #ports: CommitterPorts;
  #claim: Claim;
  #lastMs: number;

  constructor(scope: Scope, claim: Claim, ports: CommitterPorts) {
    this.#scope = scope;
    this.#claim = claim;
    this.#ports = ports;
    this.#lastMs = ports.clock.monotonicMs();
  }

  /** Committed position. */
  get position(): number {
    return this.#claim.position;
  }

  get epoch(): number {
    return this.#claim.epoch;
  }

  /** Milliseconds since the last commit. */
  get ageMs(): number {
    return this.#ports.clock.monotonicMs() - this.#lastMs;
  }

  /**
   * @throws {OperatingError} STORE_FENCED when another owner has taken the scope; STORE_UNAVAILABLE (retriable) when the
   *   store's data is not what this owner claimed, so that it has to claim and fold anew.
   */
  async commit(content: CommitContent): Promise<void> {
    const { log, clock, logger } = this.#ports;
    await appendEffects(content.effects, log, clock, logger);
    const outcome = await this.#write(content);
    if (outcome === "fenced") {
      throw new OperatingError("STORE_FENCED", `${this.#scope} belongs to a later owner than epoch ${this.epoch}`);
    }
    if (outcome !== "committed") {
      throw new OperatingError("STORE_UNAVAILABLE", `${this.#scope}: ${outcome}`, { retriable: true });
    }
    this.#claim = { ...this.#claim, position: content.position, recordId: content.recordId };
    this.#lastMs = clock.monotonicMs();
  }

  async #write(content: CommitContent): Promise<CommitOutcome> {
    const { store, clock, logger } = this.#ports;
    for (;;) {
      try {
        return await store.commit(this.#scope, this.#commitOf(content));
      } catch (error) {
        if (!(error instanceof OperatingError) || !error.retriable) throw error;
        logger.warn({ scope: this.#scope, code: error.code }, messageOf(error));
      }
      const claimed = await retrying(clock, () => store.claim(this.#scope), {
        onFailure: (error, attempt) => logger.warn({ scope: this.#scope, code: error.code, attempt }, messageOf(error)),
      });
      const resumed = this.#resume(claimed, content.position);
      if (resumed !== null) return resumed;
    }
  }

  /**
   * Whether a commit of unknown fate took effect is seen from the position that a new claim finds. Returns null when it
   * did not and can be tried again.
   */
  #resume(claimed: Claim, attempted: number): CommitOutcome | null {
    const before = this.#claim;
    if (claimed.incarnation !== before.incarnation) return "incarnation-changed";
    if (claimed.epoch !== before.epoch + 1) return "fenced";
    this.#claim = claimed;
    if (claimed.position === attempted && attempted !== before.position) return "committed";
    return claimed.position === before.position ? null : "position-mismatch";
  }

  #commitOf({ position, recordId, puts, series }: CommitContent): Commit {
    const { epoch, incarnation, position: previousPosition } = this.#claim;
    return { epoch, incarnation, previousPosition, position, recordId, puts, deletes: [], series };
  }
}
