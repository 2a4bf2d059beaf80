import { ObservationClass } from "@farmscope/domain";
import type { FrameRange } from "./memory-layout.ts";
import { FRAMES_CHUNK_MAX } from "./native.ts";

/** Frames read in one go, aligned; and a multiple of the largest buddy block, so that no block is cut. */
export const WINDOW_FRAMES = FRAMES_CHUNK_MAX;

/** Frames of a window where only some are wanted: a largest buddy block, what the fold settles as a whole. */
export const TARGET_FRAMES = 1024;

/**
 * The aligned windows that hold a frame of `wanted`, in rising order, cut at the end of memory.
 * @param readable all that may be read about.
 * @param frames of a window; a power of two.
 */
export function windowsOf(
  wanted: readonly FrameRange[],
  readable: readonly FrameRange[],
  frames: number = WINDOW_FRAMES,
): FrameRange[] {
  const end = Math.max(0, ...readable.map((range) => range.end));
  const firsts = new Set<number>();
  for (const range of intersection(wanted, readable)) {
    for (let first = range.first - (range.first % frames); first < range.end; first += frames) firsts.add(first);
  }
  return [...firsts].sort((a, b) => a - b).map((first) => ({ first, end: Math.min(first + frames, end) }));
}

/** Declares every frame of a window to be a hole that is not readable. @param classes of the frames from `first` on. */
export function markHoles(classes: Uint8Array, first: number, readable: readonly FrameRange[]): void {
  let known = 0;
  for (const range of readable) {
    const begin = clamp(range.first - first, known, classes.length);
    classes.fill(ObservationClass.Hole, known, begin);
    known = clamp(range.end - first, begin, classes.length);
  }
  classes.fill(ObservationClass.Hole, known);
}

function intersection(a: readonly FrameRange[], b: readonly FrameRange[]): FrameRange[] {
  const common = a.flatMap((one) =>
    b.map((other) => ({ first: Math.max(one.first, other.first), end: Math.min(one.end, other.end) })),
  );
  return common.filter((range) => range.end > range.first);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
