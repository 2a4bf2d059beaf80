import { StageCounter } from "@farmscope/runtime";

/**
 * Puts alerts together and lets them wait for company: packages/domain/src/alert/notify/group.ts. Counts alerts in
 * groups: held is waiting, dropped is what a newer event replaced before anyone looked at it.
 */
export class GroupStage {
  readonly counter = new StageCounter("group");

  joined(): void {
    this.counter.in++;
  }

  superseded(): void {
    this.counter.dropped++;
  }

  /** @param again what goes on is looked at anew: its time has come, or something else has changed. */
  examined(again: boolean): void {
    if (again) this.counter.in++;
    this.counter.out++;
  }
}
