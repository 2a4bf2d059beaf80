import { formatDuration, formatShare, formatUs } from "../format.ts";
import type { NodeLine } from "../nodes.ts";

/** What a node of the fleet can be coloured and ranked by. */
export interface Measure {
  readonly title: string;
  readonly read: (node: NodeLine) => number | null;
  /** Place on the colour scale, 0 (calm) to 1 (trouble). */
  readonly scale: (value: number) => number;
  readonly format: (value: number) => string;
  /** What the ends of the colour scale stand for. */
  readonly ends: readonly [string, string];
}

/** Latencies from 10 us to 100 ms, on a logarithmic scale of four decades. */
const LATENCY_ENDS = ["10 µs", "100 ms"] as const;
const latencyScale = (us: number): number => Math.log10(Math.max(10, us) / 10) / 4;

export const MEASURES = {
  unusable: {
    title: "unusable free memory",
    read: (node) => node.unusableIndex,
    scale: (value) => value,
    format: formatShare,
    ends: ["0 %", "100 %"],
  },
  runq: {
    title: "run-queue delay P99",
    read: (node) => node.runqP99Us,
    scale: latencyScale,
    format: formatUs,
    ends: LATENCY_ENDS,
  },
  gc: {
    title: "GC pause P99",
    read: (node) => node.gcP99Us,
    scale: latencyScale,
    format: formatUs,
    ends: LATENCY_ENDS,
  },
  used: {
    title: "memory in use",
    read: (node) => (node.managedPages === 0 ? null : 1 - node.freePages / node.managedPages),
    scale: (value) => value,
    format: formatShare,
    ends: ["0 %", "100 %"],
  },
  coverage: {
    title: "missing coverage",
    read: (node) => 1 - node.coverage,
    scale: (value) => Math.min(1, value * 10),
    format: formatShare,
    ends: ["0 %", "10 % or more"],
  },
  skew: {
    title: "clock skew",
    read: (node) => Math.abs(node.skewMs),
    scale: (value) => Math.log10(Math.max(1, value)) / 4,
    format: formatDuration,
    ends: ["1 ms", "10 s"],
  },
} as const satisfies Record<string, Measure>;
export type MeasureName = keyof typeof MEASURES;

/** The nodes with the highest values first; those without one last. */
export function worstFirst(nodes: readonly NodeLine[], measure: MeasureName): NodeLine[] {
  const { read } = MEASURES[measure];
  return [...nodes].sort((a, b) => (read(b) ?? -1) - (read(a) ?? -1));
}
