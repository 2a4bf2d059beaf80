import { fnv1a } from "@farmscope/domain";

/** Wait after the first failed attempt, and the greatest one, in milliseconds. */
export const FIRST_WAIT_MS = 1_000;
export const WAIT_MS_MAX = 60_000;

/**
 * How long to wait after a failed attempt: what the other side asked for, or else twice as long each time, of which the
 * upper half is jitter. The jitter comes from the notification's id, so that a replay waits the same.
 * @param attempt the attempt that failed, from 1.
 */
export function retryWaitMs(id: string, attempt: number, askedMs: number | null): number {
  if (askedMs !== null) return askedMs;
  const fullMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 16));
  const jitter = fnv1a(`${id}#${attempt}`) / 2 ** 32;
  return Math.round(fullMs * (0.5 + jitter / 2));
}
