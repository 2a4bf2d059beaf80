import type { FarmWindow } from "@farmscope/proto";

/** A farm's closing record at its place in fs.view, with its numbers as doubles. */
export interface ClosedWindow {
  readonly farm: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly widthMs: number;
  readonly position: number;
  readonly record: FarmWindow;
}

export function closedWindowOf(record: FarmWindow, position: number): ClosedWindow {
  const startMs = Number(record.startMs);
  const widthMs = record.widthMs;
  return { farm: record.farm, startMs, endMs: startMs + widthMs, widthMs, position, record };
}

/**
 * The last closing records of one farm, as far back as the longest window of any rule reaches. Ordered by time; holes
 * stay holes.
 */
export class WindowHistory {
  readonly #spanMs: number;
  #windows: ClosedWindow[] = [];

  /** @param spanMs event time that is kept, in milliseconds. */
  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /**
   * Takes the next window and forgets those that end before the span.
   * @returns false, leaving everything as it was, when it does not begin after the newest one: it was seen before.
   */
  add(window: ClosedWindow): boolean {
    const newest = this.#windows.at(-1);
    if (newest !== undefined && window.startMs <= newest.startMs) return false;
    const keepFromMs = window.endMs - this.#spanMs;
    this.#windows = this.#windows.filter((kept) => kept.startMs >= keepFromMs);
    this.#windows.push(window);
    return true;
  }

  /** Windows that begin within the last `spanMs` before the end of the newest, rising. At least the newest. */
  last(spanMs: number): readonly ClosedWindow[] {
    const newest = this.#windows.at(-1);
    if (newest === undefined) return [];
    const fromMs = Math.min(newest.startMs, newest.endMs - spanMs);
    return this.#windows.filter((window) => window.startMs >= fromMs);
  }

  /** Position in fs.view of the oldest window kept; null when there is none. */
  get oldestPosition(): number | null {
    return this.#windows[0]?.position ?? null;
  }
}
