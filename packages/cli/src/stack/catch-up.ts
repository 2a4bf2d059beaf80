import type { Clock } from "@farmscope/runtime";
import * as summary from "./summary.ts";
import { waitUntil } from "./wait.ts";

/** Longest time for the aggregator to fold what was published, at the start and at the end. */
const CATCH_UP_MS_MAX = 120_000;

/** Whether everything published until now is folded and committed. */
export async function catchUp(outside: summary.Outside, clock: Clock): Promise<boolean> {
  const published = await summary.eventPositions(outside);
  return await waitUntil(clock, CATCH_UP_MS_MAX, async () => {
    const committed = await summary.committedPositions(outside);
    return committed.every((position, partition) => position >= published[partition]!);
  });
}
