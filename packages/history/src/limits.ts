/** Limits and rhythms of a fold, live or past. */
export interface FoldLimits {
  /** Most records of one pull from the log. No result depends on it. */
  readonly pullRecordsMax: number;
  /** Pending writes from which on a commit does not wait any longer; well below the store's COMMIT_WRITES_MAX. */
  readonly commitWritesMax: number;
  /** Most nodes of one partition; batches of further ones are put aside. Partial records of so many fit into 1 MiB. */
  readonly nodesPerPartitionMax: number;
  /** Time between two complete checkpoints of a partition, in milliseconds. */
  readonly checkpointIntervalMs: number;
  /** Longest time between two, in milliseconds, where checkpoints are large and the log grows slowly. */
  readonly checkpointIntervalMsMax: number;
  /** Shortest time between two, in milliseconds, however much happens. */
  readonly checkpointIntervalMsMin: number;
  /**
   * Events of one node from which on a checkpoint does not wait for its time. A pull of one node's full batches on top,
   * and what happens while its state is written: less than PAST_EVENTS_MAX lie between two states of it.
   */
  readonly checkpointEventsMax: number;
  /** Time that the fold gives to a checkpoint between two pulls, in milliseconds; one node is always encoded. */
  readonly checkpointSliceMs: number;
  /** Time between two checkpoints of a merging of farms, in milliseconds. */
  readonly mergeCheckpointIntervalMs: number;
  /** Encoded state that may wait to be compressed and appended, in bytes. */
  readonly checkpointBytesInFlightMax: number;
}

export const FOLD_LIMITS: FoldLimits = {
  pullRecordsMax: 256,
  commitWritesMax: 4_096,
  nodesPerPartitionMax: 2_048,
  checkpointIntervalMs: 300_000,
  checkpointIntervalMsMax: 1_800_000,
  checkpointIntervalMsMin: 30_000,
  checkpointEventsMax: 500_000,
  checkpointSliceMs: 5,
  mergeCheckpointIntervalMs: 60_000,
  checkpointBytesInFlightMax: 64 * 2 ** 20,
};
