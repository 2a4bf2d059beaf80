import type { HeatmapAnswer } from "../../src/schemas/index.ts";
import type { Exemplar, HeatmapModel } from "./charts/heatmap.tsx";
import { NOTHING } from "./format.ts";

/** The API's heatmap as the chart wants it; null while there is none. */
export function heatmapModel(answer: HeatmapAnswer | null): HeatmapModel | null {
  if (answer === null) return null;
  const { bucketsUs, columns } = answer;
  const quantiles = (columns[0]?.quantiles ?? []).map(({ quantile }, index) => ({
    quantile,
    valuesUs: columns.map((column) => column.quantiles[index]?.valueUs ?? null),
  }));
  return {
    stepMs: answer.stepMs,
    startsMs: columns.map((column) => column.startMs),
    // The last bucket is open: it is drawn as an octave.
    buckets: bucketsUs.map(({ fromUs, toUs }) => ({ fromUs, toUs: toUs ?? fromUs * 2 })),
    counts: columns.flatMap((column) => column.counts),
    quantiles,
    exemplars: answer.exemplars.map(exemplarOf),
  };
}

function exemplarOf(from: HeatmapAnswer["exemplars"][number]): Exemplar {
  const facts: [string, string][] = [
    ["task", from.command === null ? `pid ${from.pid}` : `${from.command} (pid ${from.pid})`],
    ["cgroup", from.cgroupPath ?? (from.cgroup === 0 ? NOTHING : String(from.cgroup))],
  ];
  if (from.cpu !== null) facts.push(["CPU", String(from.cpu)]);
  if (from.previousPid !== null) facts.push(["ran before it", `pid ${from.previousPid}`]);
  if (from.traceId !== null) facts.push(["trace", from.traceId]);
  return { atMs: from.atMs, valueUs: from.valueUs, node: from.node, facts };
}
