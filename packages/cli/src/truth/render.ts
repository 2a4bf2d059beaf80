import { table } from "../output.ts";
import { holds, limitsOf } from "./limits.ts";
import type { TruthReport } from "./truth.ts";

const percent = (share: number): string => `${(share * 100).toFixed(4)} %`;

/** The report for people. */
export function renderReport(report: TruthReport): string {
  const limits = limitsOf(report);
  const rows = [
    ["workload", `${report.workload}, ${report.seconds} s, ${report.events} page events`],
    ["frames right", `${percent(report.right_ratio)} of ${report.frames} (at least ${percent(limits.rightRatioMin)})`],
    ["touched right", `${percent(report.touched_ratio)} of ${report.touched} (${percent(limits.touchedRatioMin)})`],
    ["ambiguous", String(report.ambiguous)],
    ...Object.entries(report.by_class).map(([name, count]) => [`wrong: ${name}`, String(count)]),
    ["per-CPU pages", `${report.pcp_total}, the kernel counts ${report.pcp_total_kernel}`],
    ["free blocks", `at most ${percent(report.buddy_max_error)} apart in a zone and order`],
    ["unusable index", `at most ${report.unusable_max_error.toFixed(4)} apart`],
    ["events", `${report.lost} lost, ${report.recovered} recovered`],
    ["read again", `${report.reread_frames} frames; ${report.full_observations} full observations`],
    ["verdict", holds(report) ? "as right as it should be" : "not as right as it should be"],
  ];
  return table(rows);
}
