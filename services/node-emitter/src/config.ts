import { PAGE_EVENTS_MAX } from "@farmscope/domain";

/** Every bound of the emitter, in one place. What happens at each is said where it is used. */
export interface EmitterLimits {
  /** Raw events (page, run-queue, GC) in one batch. */
  readonly batchEventsMax: number;
  /** Age at which a batch is closed although it is not full, in milliseconds. */
  readonly batchAgeMsMax: number;
  /** Batches that wait for the log behind those on their way to it. */
  readonly spoolBatchesMax: number;
  readonly spoolBytesMax: number;
  /** Batches on their way to the log, not yet acknowledged. */
  readonly windowBatchesMax: number;
  readonly windowBytesMax: number;
  /** Longest wait for the log at the end, in milliseconds; the whole process has ten seconds. */
  readonly drainMsMax: number;
  /** Shortest time between two observations of a node that were asked for, in milliseconds (DESIGN 6). */
  readonly observeIntervalMsMin: number;
  /** Names of cgroups remembered for each node, so that each is sent once. */
  readonly cgroupNamesMax: number;
}

export const EMITTER_LIMITS: EmitterLimits = {
  batchEventsMax: PAGE_EVENTS_MAX,
  batchAgeMsMax: 500,
  spoolBatchesMax: 16_384,
  spoolBytesMax: 64 * 2 ** 20,
  windowBatchesMax: 256,
  windowBytesMax: 8 * 2 ** 20,
  drainMsMax: 7_000,
  observeIntervalMsMin: 300_000,
  cgroupNamesMax: 65_536,
};
