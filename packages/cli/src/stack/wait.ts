import type { Clock } from "@farmscope/runtime";

/**
 * Asks again and again until the answer is yes.
 * @returns whether it was within `msMax`.
 */
export async function waitUntil(
  clock: Clock,
  msMax: number,
  isSo: () => Promise<boolean>,
  everyMs = 100,
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + msMax;
  for (;;) {
    if (await isSo()) return true;
    if (clock.monotonicMs() >= deadlineMs) return false;
    await clock.sleep(everyMs);
  }
}
