import type { PageMapRun } from "@farmscope/domain";
import { PAGE_RUNS_MAX } from "../limits.ts";
import type { PageMapAnswer } from "../schemas/index.ts";
import type { FrameSpan } from "./span.ts";

/**
 * The runs of a span as columns, cut at its ends, at most `runsMax` of them. O(runs up to the end of the span).
 * @param runs in rising order without gaps.
 */
export function answerRuns(
  runs: Iterable<PageMapRun>,
  span: FrameSpan,
  runsMax: number = PAGE_RUNS_MAX,
): Pick<PageMapAnswer, "first" | "count" | "runs" | "next"> {
  const columns: PageMapAnswer["runs"] = { first: [], count: [], state: [], order: [] };
  const end = span.first + span.count;
  let next: number | null = null;
  for (const run of runs) {
    if (run.first + run.count <= span.first) continue;
    if (run.first >= end) break;
    if (columns.first.length === runsMax) {
      next = run.first;
      break;
    }
    const first = Math.max(run.first, span.first);
    columns.first.push(first);
    columns.count.push(Math.min(run.first + run.count, end) - first);
    columns.state.push(run.state);
    columns.order.push(run.order);
  }
  return { first: span.first, count: (next ?? end) - span.first, runs: columns, next };
}
