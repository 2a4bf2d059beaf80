import type { DecisionReason } from "@farmscope/domain";
import { StageCounter } from "@farmscope/runtime";

/** Holds back alerts that another one explains: packages/domain/src/alert/notify/inhibition.ts. Counts alerts. */
export class InhibitStage {
  readonly counter = new StageCounter("inhibit");

  /** @returns whether the alert goes on. */
  passes(reason: DecisionReason): boolean {
    const passes = reason !== "Inhibited";
    this.counter.in++;
    if (passes) this.counter.out++;
    else this.counter.dropped++;
    return passes;
  }
}
