import type { TruthReport } from "./truth.ts";

/** How right a map must be: shares of managed and of touched frames, and the share of these that may be ambiguous. */
export interface TruthLimits {
  readonly rightRatioMin: number;
  readonly touchedRatioMin: number;
  readonly ambiguousShareMax: number;
  readonly unknownShareMax: number;
}

const ALWAYS: TruthLimits = {
  rightRatioMin: 0.9999,
  touchedRatioMin: 0.999,
  ambiguousShareMax: 0.001,
  unknownShareMax: 0.00001,
};
/** Compaction moves pages without telling; what it did is read again soon after. */
const COMPACTION: TruthLimits = { ...ALWAYS, rightRatioMin: 0.999, touchedRatioMin: 0.99 };

export function limitsOf({ workload }: Pick<TruthReport, "workload">): TruthLimits {
  return workload === "compaction" ? COMPACTION : ALWAYS;
}

/** True when a report is within all limits. */
export function holds(report: TruthReport): boolean {
  const limits = limitsOf(report);
  return (
    report.full_observations === 0 &&
    report.right_ratio >= limits.rightRatioMin &&
    report.touched_ratio >= limits.touchedRatioMin &&
    report.ambiguous <= limits.ambiguousShareMax * report.touched &&
    (report.by_class.unknown ?? 0) <= limits.unknownShareMax * report.frames
  );
}
