import type { Clock } from "./clock.ts";
import { OperatingError } from "./errors.ts";

export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds. Default 100. */
  readonly firstMs?: number;
  /** Greatest wait, in milliseconds. Default 5,000. */
  readonly maxMs?: number;
  /** A number in [0, 1) for the jitter. Default the clock's, else Math.random. */
  readonly random?: () => number;
  readonly signal?: AbortSignal;
  /** Told of every failure, before the wait. */
  readonly onFailure?: (error: OperatingError, attempt: number, waitMs: number) => void;
}

/**
 * Runs `work` until it succeeds: the one place that retries. Waits double from `firstMs` to `maxMs`, with full jitter
 * over their upper half.
 * @throws what `work` throws, when that is not a retriable OperatingError; ABORTED when the signal fires.
 */
export async function retrying<T>(clock: Clock, work: () => Promise<T>, options: BackoffOptions = {}): Promise<T> {
  const { firstMs = 100, maxMs = 5_000, signal } = options;
  const random = options.random ?? (() => clock.random?.() ?? Math.random());
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw new OperatingError("ABORTED", "cancelled before the next attempt");
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OperatingError) || !error.retriable) throw error;
      const waitMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 16)) * (0.5 + random() / 2);
      options.onFailure?.(error, attempt, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}
