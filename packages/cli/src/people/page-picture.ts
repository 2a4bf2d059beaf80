import type { PageMapAnswer } from "@farmscope/query-api";

/** Frames of one character of a picture, by state. */
export interface PictureCell {
  readonly frames: number;
  readonly free: number;
  readonly unknown: number;
}

/** The frames of a span, divided evenly into so many cells. O(runs + cells). */
export function cellsOf(
  answers: readonly Pick<PageMapAnswer, "runs" | "states">[],
  span: { readonly first: number; readonly count: number },
  cells: number,
): PictureCell[] {
  const sums = Array.from({ length: cells }, () => ({ frames: 0, free: 0, unknown: 0 }));
  const edge = (cell: number): number => span.first + Math.floor((span.count * cell) / cells);
  for (const { runs, states } of answers) {
    runs.first.forEach((first, run) => {
      const end = Math.min(first + (runs.count[run] ?? 0), span.first + span.count);
      let at = Math.max(first, span.first);
      let cell = Math.floor(((at - span.first) * cells) / span.count);
      while (at < end && cell < cells) {
        const sum = sums[cell]!;
        const until = Math.min(end, edge(cell + 1));
        sum.frames += until - at;
        const state = states[runs.state[run] ?? 0];
        if (state === "free") sum.free += until - at;
        if (state === "unknown") sum.unknown += until - at;
        at = until;
        cell++;
      }
    });
  }
  return sums;
}

/** From all free to nothing free. */
const SHADES = [" ", "░", "▒", "▓", "█"] as const;
const HOLE = "·";

/** The character of a cell: the fuller, the darker; a point where nothing is known. */
export function characterOf({ frames, free, unknown }: PictureCell): string {
  const known = frames - unknown;
  if (known <= 0) return HOLE;
  const used = (known - free) / known;
  // Full and empty are said only of cells that are wholly so.
  if (used === 0) return SHADES[0];
  if (used === 1) return SHADES[4];
  return SHADES[Math.min(3, 1 + Math.floor(used * 3))] as string;
}
