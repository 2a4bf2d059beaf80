import { WINDOW_MS } from "@farmscope/domain";
import type { Started } from "../read/views.ts";
import { share } from "./number.ts";

/**
 * Coverage of a series: the mean of its windows', where a window that is absent between the first and the last one
 * counts as 0. Before the first there may have been nothing to see. 0 when there is no window at all.
 */
export function seriesCoverage(windows: readonly Started<{ readonly coverage: number }>[]): number {
  const first = windows[0];
  const last = windows.at(-1);
  if (first === undefined || last === undefined) return 0;
  const expected = (last.startMs - first.startMs) / WINDOW_MS + 1;
  return share(windows.reduce((sum, { window }) => sum + share(window.coverage), 0) / expected);
}
