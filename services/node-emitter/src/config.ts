import { PAGE_EVENTS_MAX } from "@farmscope/domain";

/** Every bound of the emitter, in one place. What happens at each is said where it is used. */
export interface EmitterLimits {
  /** Raw events (page, run-queue, GC) in one batch. */
  readonly batchEventsMax: number;
  /** Age at which a batch is closed although it is not full, in milliseconds. */
  readonly batchAgeMsMax: number;
  /** Batches that wait in memory for the log behind those on their way to it. */
  readonly spoolBatchesMax: number;
  readonly spoolBytesMax: number;
  /**
   * What the spool on disk may take, in bytes; 0: there is none. Only the kernel's events need it: a source that can
   * wait is paused instead, and goes on from the log after a kill.
   */
  readonly spoolDiskBytesMax: number;
  /** Size of one of its files, in bytes: disk space is given back in such pieces. */
  readonly spoolSegmentBytesMax: number;
  /**
   * Whether each write to it waits for the medium. Without, what was accepted survives the death of the process, but
   * the last seconds not the loss of power.
   */
  readonly spoolSync: boolean;
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
  spoolDiskBytesMax: 2 ** 29,
  spoolSegmentBytesMax: 4 * 2 ** 20,
  spoolSync: false,
  windowBatchesMax: 256,
  windowBytesMax: 8 * 2 ** 20,
  drainMsMax: 7_000,
  observeIntervalMsMin: 300_000,
  cgroupNamesMax: 65_536,
};
