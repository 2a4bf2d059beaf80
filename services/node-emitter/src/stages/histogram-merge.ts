import { decodeSlotPairs, encodeSlotPairs, SLOTS } from "@farmscope/domain";
import { create, type HistogramDelta, HistogramDeltaSchema } from "@farmscope/proto";

/**
 * Joins the differences of one histogram that follow each other, so that what waits is bounded by the number of
 * histograms and nothing counted is lost. Order of first appearance is kept.
 */
export function mergeHistograms(deltas: readonly HistogramDelta[]): HistogramDelta[] {
  const byHistogram = new Map<string, HistogramDelta>();
  for (const delta of deltas) {
    const key = `${delta.signal}/${delta.cgroup}`;
    const earlier = byHistogram.get(key);
    byHistogram.set(key, earlier === undefined ? delta : joined(earlier, delta));
  }
  return [...byHistogram.values()];
}

function joined(earlier: HistogramDelta, later: HistogramDelta): HistogramDelta {
  const counts = new Float64Array(SLOTS);
  for (const delta of [earlier, later]) {
    const pairs = decodeSlotPairs(delta.slots);
    pairs.slots.forEach((slot, index) => {
      counts[slot] += pairs.counts[index];
    });
  }
  return create(HistogramDeltaSchema, {
    signal: earlier.signal,
    cgroup: earlier.cgroup,
    fromTick: earlier.fromTick < later.fromTick ? earlier.fromTick : later.fromTick,
    toTick: earlier.toTick > later.toTick ? earlier.toTick : later.toTick,
    slots: encodeSlotPairs(counts),
    sumNs: earlier.sumNs + later.sumNs,
  });
}
