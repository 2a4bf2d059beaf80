/** Width of the windows that are closed from the raw log, in milliseconds. */
export const WINDOW_MS = 10_000;
/** A window closes at the first tick this long past its end, in milliseconds: the usual delay of a batch. */
export const CLOSE_DELAY_MS = 2_000;
/** Data that is late by at most this amends its window, in milliseconds; older data changes page state only. */
export const AMEND_MS_MAX = 600_000;
/** A node silent for this long is offline, in milliseconds. */
export const OFFLINE_AFTER_MS = 15_000;
/** A node silent for this long is left out of the windows, in milliseconds. */
export const FORGOTTEN_AFTER_MS = 3_600_000;
/** A farm's window closes this long after its first partial at the latest, in milliseconds of append time. */
export const MERGE_WAIT_MS = 15_000;
/** Closed 10 s windows stay in the store for this long, in milliseconds. */
export const WINDOW_KEEP_MS = 7_200_000;

/** Start of the tumbling window that a time lies in, Unix milliseconds. */
export function windowStartOf(unixMs: number): number {
  return Math.floor(unixMs / WINDOW_MS) * WINDOW_MS;
}

/** First window that still takes late data when windows before `openFromMs` are closed. */
export function oldestAmendableMs(openFromMs: number): number {
  return openFromMs - AMEND_MS_MAX;
}

/** Deterministic id of a partition's record of a window, by which readers drop what they have seen. */
export function partialId(partition: number, startMs: number, revision: number): string {
  return `partial/${partition}/${WINDOW_MS}/${startMs}/${revision}`;
}

/** Deterministic id of a farm's record of a window. */
export function farmId(farm: string, startMs: number, revision: number): string {
  return `farm/${farm}/${WINDOW_MS}/${startMs}/${revision}`;
}
