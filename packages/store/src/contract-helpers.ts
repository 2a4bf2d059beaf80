import { SystemClock } from "@farmscope/runtime";
import type { Claim, Commit } from "./port.ts";

const clock = new SystemClock();

/** A commit from the claim's position to the next. */
export function next(claim: Claim, changes: Partial<Commit> = {}): Commit {
  return {
    epoch: claim.epoch,
    incarnation: claim.incarnation,
    previousPosition: claim.position,
    position: claim.position + 1,
    recordId: `record-${claim.position + 1}`,
    puts: [],
    deletes: [],
    series: [],
    ...changes,
  };
}

/** Waits for what another connection brings. */
export async function until(condition: () => boolean | Promise<boolean>, msMax = 10_000): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 10) {
    if (waited > msMax) throw new Error("it did not come true in time");
    await clock.sleep(10);
  }
}
