/** Width of the windows that are closed from the raw log, in milliseconds. */
export const WINDOW_MS = 10_000;
/** Widths of the windows that are rolled up from those, in milliseconds, the finer first. */
export const WIDE_WIDTHS_MS = [60_000, 600_000] as const;
export type WideWidthMs = (typeof WIDE_WIDTHS_MS)[number];
export type WidthMs = typeof WINDOW_MS | WideWidthMs;
export const WIDTHS_MS: readonly WidthMs[] = [WINDOW_MS, ...WIDE_WIDTHS_MS];
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
/** How long closed windows stay in the store, by their width, in milliseconds. */
export const WINDOW_KEEP_MS: Readonly<Record<WidthMs, number>> = {
  10000: 2 * 3_600_000,
  60000: 48 * 3_600_000,
  600000: 60 * 24 * 3_600_000,
};

/** Start of the tumbling window that a time lies in, Unix milliseconds. */
export function windowStartOf(unixMs: number, widthMs: WidthMs = WINDOW_MS): number {
  return Math.floor(unixMs / widthMs) * widthMs;
}

/** The width that a number is; null when there are no windows of it. */
export function widthOf(widthMs: number): WidthMs | null {
  return WIDTHS_MS.find((width) => width === widthMs) ?? null;
}

/** First window that still takes late data when windows before `openFromMs` are closed. */
export function oldestAmendableMs(openFromMs: number): number {
  return openFromMs - AMEND_MS_MAX;
}

/**
 * Deterministic id of a partition's record of a window, by which readers drop what they have seen.
 * @param part of a record that is written in parts: from 0.
 */
export function partialId(
  partition: number,
  startMs: number,
  revision: number,
  widthMs: WidthMs = WINDOW_MS,
  part = 0,
): string {
  const id = `partial/${partition}/${widthMs}/${startMs}/${revision}`;
  return part === 0 ? id : `${id}/${part}`;
}

/** Deterministic id of a farm's record of a window. */
export function farmId(farm: string, startMs: number, revision: number, widthMs: WidthMs = WINDOW_MS): string {
  return `farm/${farm}/${widthMs}/${startMs}/${revision}`;
}
