/** How fast an error budget burns: counts of good and bad values by window, kept as long as the longest window reaches. */
import type { mergeDistributions } from "./decoded-distribution.ts";
import { insufficient, type Reading } from "./reading.ts";
import type { Severity, Slo } from "./rule.ts";

/** What one closed window adds. */
export interface BurnCounts {
  readonly endMs: number;
  readonly position: number;
  readonly total: number;
  /** Bad values, at least and at most: those of the cell that the bound lies in may be either. */
  readonly badLeast: number;
  readonly badMost: number;
  readonly coverage: number;
}

/** Values in one window that are not good. */
export function burnCounts(
  merged: ReturnType<typeof mergeDistributions>,
  goodBelowUs: number,
): Pick<BurnCounts, "total" | "badLeast" | "badMost"> {
  const good = merged.countBelowUs(goodBelowUs);
  return { total: merged.count, badLeast: merged.count - good.most, badMost: merged.count - good.least };
}

/**
 * The burn rate at the newest of some windows: the share of bad values over the share that the objective allows. Its
 * value is that of the burn that is nearest to its rate. A span of which less than `coverageMin` was seen gives none.
 * @param counts rising, the newest last.
 * @param widthMs width of a window.
 */
export function burnReading(slo: Slo, counts: readonly BurnCounts[], widthMs: number, coverageMin: number): Reading {
  const burning: Record<Severity, boolean> = { warning: false, critical: false };
  let nearest: { readonly share: number; readonly reading: Extract<Reading, { kind: "value" }> } | null = null;
  let coverage = 1;
  for (const { severity, rate, longMs, shortMs } of slo.burns) {
    const spans = [longMs, shortMs].map((spanMs) => spanRate(slo, counts, spanMs, widthMs));
    coverage = Math.min(coverage, ...spans.map((span) => span.coverage));
    const slower = spans[0]!.value <= spans[1]!.value ? spans[0]! : spans[1]!;
    if (slower.value >= rate) burning[severity] = true;
    const share = slower.value / rate;
    if (nearest === null || share > nearest.share) nearest = { share, reading: { kind: "value", ...slower } };
  }
  if (nearest === null || coverage < coverageMin) return insufficient("CoverageTooLow", coverage);
  return { ...nearest.reading, coverage, burning };
}

function spanRate(slo: Slo, counts: readonly BurnCounts[], spanMs: number, widthMs: number) {
  const newestMs = counts.at(-1)?.endMs ?? 0;
  let total = 0;
  let badLeast = 0;
  let badMost = 0;
  let seen = 0;
  for (let at = counts.length - 1; at >= 0 && counts[at]!.endMs > newestMs - spanMs; at--) {
    const one = counts[at]!;
    total += one.total;
    badLeast += one.badLeast;
    badMost += one.badMost;
    seen += one.coverage;
  }
  const allowed = 1 - slo.objective;
  const rateOf = (bad: number): number => (total === 0 ? 0 : bad / total / allowed);
  const lower = rateOf(badLeast);
  return { value: lower, lower, upper: rateOf(badMost), coverage: Math.min(1, seen / Math.max(1, spanMs / widthMs)) };
}
