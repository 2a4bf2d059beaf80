import { FOLD_LIMITS, type FoldLimits } from "@farmscope/history";

/** The aggregator's limits and rhythms. What a person may set stands in packages/runtime/src/config.ts. */
export interface AggregatorLimits extends FoldLimits {
  /** Longest wait for records, in milliseconds. */
  readonly pullWaitMs: number;
  /** The same while a checkpoint is being written, in milliseconds. */
  readonly busyWaitMs: number;
  /** Shortest time between two commits of a scope, in milliseconds. */
  readonly commitIntervalMs: number;
  /** Time between two ticks of a partition, in milliseconds. */
  readonly tickIntervalMs: number;
  /** Shortest time between two page maps of a node in focus, in milliseconds. */
  readonly pageMapIntervalMs: number;
  /** Most page maps in one commit, so that it stays well below the store's COMMIT_BYTES_MAX. */
  readonly pageMapsPerCommitMax: number;
  /** How long a page map stays in the store after it was last written, in milliseconds. */
  readonly pageMapKeepMs: number;
}

export const DEFAULT_LIMITS: AggregatorLimits = {
  ...FOLD_LIMITS,
  pullWaitMs: 1_000,
  busyWaitMs: 10,
  commitIntervalMs: 200,
  tickIntervalMs: 1_000,
  pageMapIntervalMs: 1_000,
  pageMapsPerCommitMax: 32,
  pageMapKeepMs: 600_000,
};

/** Limits with a checkpoint so often, in milliseconds; the other bounds of that time move along. */
export function checkpointsEvery(intervalMs: number): Partial<AggregatorLimits> {
  const { checkpointIntervalMs, checkpointIntervalMsMin, checkpointIntervalMsMax } = DEFAULT_LIMITS;
  return {
    checkpointIntervalMs: intervalMs,
    checkpointIntervalMsMin: Math.min(intervalMs, checkpointIntervalMsMin),
    checkpointIntervalMsMax: (intervalMs * checkpointIntervalMsMax) / checkpointIntervalMs,
  };
}
