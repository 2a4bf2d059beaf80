import type { DecisionReason } from "@farmscope/domain";
import { StageCounter } from "@farmscope/runtime";

/**
 * Holds back alerts that a person has silenced, or that their route mutes at this time: silences.ts and
 * time-interval.ts of packages/domain/src/alert/notify. Counts alerts.
 */
export class SilenceStage {
  readonly counter = new StageCounter("silence");

  /** @returns whether the alert goes on. */
  passes(reason: DecisionReason): boolean {
    const passes = reason !== "Silenced" && reason !== "MutedByTime";
    this.counter.in++;
    if (passes) this.counter.out++;
    else this.counter.dropped++;
    return passes;
  }
}
