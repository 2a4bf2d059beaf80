/** The aggregator's limits and rhythms. What a person may set stands in packages/runtime/src/config.ts. */
export interface AggregatorLimits {
  /** Most records of one pull from the log. No result depends on it. */
  readonly pullRecordsMax: number;
  /** Longest wait for records, in milliseconds. */
  readonly pullWaitMs: number;
  /** The same while a checkpoint is being written, in milliseconds. */
  readonly busyWaitMs: number;
  /** Shortest time between two commits of a scope, in milliseconds. */
  readonly commitIntervalMs: number;
  /** Pending writes from which on a commit does not wait any longer; well below the store's COMMIT_WRITES_MAX. */
  readonly commitWritesMax: number;
  /** Time between two ticks of a partition, in milliseconds. */
  readonly tickIntervalMs: number;
  /** Most nodes of one partition; batches of further ones are put aside. Partial records of so many fit into 1 MiB. */
  readonly nodesPerPartitionMax: number;
  /** Shortest time between two page maps of a node in focus, in milliseconds. */
  readonly pageMapIntervalMs: number;
  /** Most page maps in one commit, so that it stays well below the store's COMMIT_BYTES_MAX. */
  readonly pageMapsPerCommitMax: number;
  /** How long a page map stays in the store after it was last written, in milliseconds. */
  readonly pageMapKeepMs: number;
  /** Longest time between two checkpoints of a partition, in milliseconds. */
  readonly checkpointIntervalMs: number;
  /** Shortest time between two, in milliseconds, however much happens. */
  readonly checkpointIntervalMsMin: number;
  /** Events of one node from which on a checkpoint does not wait for its time: half of what a restart may fold. */
  readonly checkpointEventsMax: number;
  /** Time that the fold gives to a checkpoint between two pulls, in milliseconds; one node is always encoded. */
  readonly checkpointSliceMs: number;
  /** Encoded state that may wait to be compressed and appended, in bytes. */
  readonly checkpointBytesInFlightMax: number;
}

export const DEFAULT_LIMITS: AggregatorLimits = {
  pullRecordsMax: 256,
  pullWaitMs: 1_000,
  busyWaitMs: 10,
  commitIntervalMs: 200,
  commitWritesMax: 4_096,
  tickIntervalMs: 1_000,
  nodesPerPartitionMax: 2_048,
  pageMapIntervalMs: 1_000,
  pageMapsPerCommitMax: 32,
  pageMapKeepMs: 600_000,
  checkpointIntervalMs: 300_000,
  checkpointIntervalMsMin: 30_000,
  checkpointEventsMax: 1_000_000,
  checkpointSliceMs: 5,
  checkpointBytesInFlightMax: 64 * 2 ** 20,
};
