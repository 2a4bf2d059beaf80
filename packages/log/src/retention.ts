import type { StreamName, ViewStreamName, WholeStreamName } from "./port.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 2 ** 20;
/** What the checkpoints of a partition may hold at least, in MiB: several complete sets of a few large nodes. */
const CHECKPOINT_MIB_LEAST = 32;

/** How long a broker remembers append ids, in milliseconds. */
export const DEDUP_WINDOW_MS = 120_000;

/** How much of a stream is kept: the oldest messages go when either limit is passed. */
export interface Retention {
  readonly bytesMax: number;
  /** null: no limit by age. */
  readonly ageMsMax: number | null;
}

/**
 * @param partitions number of partitions of the raw events, which share `bytesMax` evenly.
 * @param bytesMax bytes that the raw events may hold in all; the other streams get a share of the same size each in
 *   addition: a quarter for checkpoints (which share it evenly, too) and for views of 10 s, an eighth for those of 1 min,
 *   a sixteenth for those of 10 min, for alerts and for control, a sixty-fourth for dead letters, never less than 64 MiB
 *   (32 MiB each for checkpoints, 16 MiB for dead letters).
 */
export function retentionOf(stream: StreamName, partitions: number, bytesMax: number): Retention {
  switch (stream.kind) {
    case "event":
      return { bytesMax: Math.floor(bytesMax / partitions), ageMsMax: 24 * HOUR_MS };
    case "checkpoint":
      // By bytes only: the newest complete set has to outlast a pause of the whole installation.
      return {
        bytesMax: Math.max(CHECKPOINT_MIB_LEAST * MIB, Math.floor(bytesMax / (4 * partitions))),
        ageMsMax: null,
      };
    case "view":
      return viewRetention(stream, bytesMax);
    case "alert":
    case "control":
      return { bytesMax: share(bytesMax, 16, 64), ageMsMax: null };
    case "dead":
      return { bytesMax: share(bytesMax, 64, 16), ageMsMax: 7 * DAY_MS };
  }
}

/** Wide windows are fewer and packed, and kept longer: so each width has half the room of the next finer one. */
function viewRetention({ widthMs = 10_000 }: ViewStreamName, bytesMax: number): Retention {
  switch (widthMs) {
    case 10_000:
      return { bytesMax: share(bytesMax, 4, 64), ageMsMax: 48 * HOUR_MS };
    case 60_000:
      return { bytesMax: share(bytesMax, 8, 64), ageMsMax: 14 * DAY_MS };
    case 600_000:
      return { bytesMax: share(bytesMax, 16, 64), ageMsMax: 60 * DAY_MS };
  }
}

function share(bytesMax: number, divisor: number, leastMib: number): number {
  return Math.max(leastMib * MIB, Math.floor(bytesMax / divisor));
}

/** The streams that are not divided by partitions. */
export const WHOLE_STREAMS: readonly WholeStreamName[] = [
  { kind: "view" },
  { kind: "view", widthMs: 60_000 },
  { kind: "view", widthMs: 600_000 },
  { kind: "alert" },
  { kind: "control" },
  { kind: "dead" },
];

/** Every stream of an installation. */
export function allStreams(partitions: number): StreamName[] {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const events = numbers.map((partition): StreamName => ({ kind: "event", partition }));
  const checkpoints = numbers.map((partition): StreamName => ({ kind: "checkpoint", partition }));
  return [...events, ...checkpoints, ...WHOLE_STREAMS];
}
