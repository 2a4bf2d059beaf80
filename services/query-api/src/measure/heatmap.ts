import { Distribution, SLOTS, slotLowerUs, slotOf, slotUpperUs } from "@farmscope/domain";
import type { Period } from "../period.ts";
import type { Started } from "../read/views.ts";
import type { HeatmapAnswer, SignalName } from "../schemas/index.ts";
import { byStep, describeDistribution, distributionOf, type LatencyWindow } from "./latency.ts";
import { meanShare, share } from "./number.ts";

/**
 * Buckets over time, with the quantiles as lines. Rows are the kernel's slots, the same in every column; exact values
 * count in the slot that they lie in.
 */
export function heatmap(
  windows: readonly Started<LatencyWindow>[],
  name: SignalName,
  quantiles: readonly number[],
  period: Period,
): Pick<HeatmapAnswer, "bucketsUs" | "columns"> {
  const steps = [...byStep(windows, period)].map(([startMs, group]) => {
    const sum = new Distribution();
    for (const { window } of group) sum.add(distributionOf(window, name));
    return {
      startMs,
      sum,
      coverage: meanShare(group.map(({ window }) => share(window.coverage))),
      slots: slotsOf(sum),
    };
  });
  const used = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) =>
    steps.some(({ slots }) => slots[slot]! > 0),
  );
  return {
    bucketsUs: used.map((slot) => ({ fromUs: slotLowerUs(slot), toUs: finite(slotUpperUs(slot)) })),
    columns: steps.map(({ startMs, sum, coverage, slots }) => {
      const { count, quantiles: lines } = describeDistribution(sum, quantiles);
      return { startMs, coverage, counts: used.map((slot) => slots[slot]!), quantiles: lines, count };
    }),
  };
}

function slotsOf(distribution: Distribution): Float64Array {
  const slots = new Float64Array(SLOTS);
  for (const { lower, count } of distribution.cells()) slots[slotOf(lower)]! += count;
  return slots;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
