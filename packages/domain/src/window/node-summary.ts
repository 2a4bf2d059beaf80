import type { NodeWindow, RedisGauges, Signal, SignalDistribution } from "@farmscope/proto";
import { Distribution, type Quantile } from "../distribution/distribution.ts";
import { addFreeBlocks } from "../page/measures.ts";

/** Quantiles that every wide window has of its nodes. */
export const SETTLED_QUANTILES: readonly number[] = [0.5, 0.9, 0.95, 0.99, 0.999];
/** Quantiles that rules may name besides; of more, the smallest are kept. */
export const NAMED_QUANTILES_MAX = 16;

/** What a window tells of a signal of one node, without its distribution. */
export interface SignalSummary {
  readonly signal: Signal;
  readonly count: number;
  /** Microseconds, as the next one. */
  readonly sumUs: number;
  readonly maxUs: number;
  /** One for each of the window's quantiles, in their order; empty when nothing was counted. */
  readonly quantiles: readonly Quantile[];
}

/** What rules and charts ask of one node in one window. */
export interface NodeSummary {
  readonly node: string;
  readonly farm: string;
  readonly online: boolean;
  readonly observed: boolean;
  /** It moved to another farm within the window: only what it measured before stands here. */
  readonly left: boolean;
  /** Share of what should have been counted, 0..1. */
  readonly coverage: number;
  readonly hugeOrder: number;
  readonly freePages: number;
  readonly managedPages: number;
  /** By order, over all zones. */
  readonly freeBlocks: readonly number[];
  readonly skewMs: number;
  readonly redis: readonly RedisGauges[];
  readonly signals: readonly SignalSummary[];
}

/** The settled quantiles and those that rules name, each once, rising. */
export function windowQuantiles(named: readonly number[]): number[] {
  const further = [...new Set(named)].filter((q) => q >= 0 && q <= 1 && !SETTLED_QUANTILES.includes(q));
  const kept = further.sort((a, b) => a - b).slice(0, NAMED_QUANTILES_MAX);
  return [...SETTLED_QUANTILES, ...kept].sort((a, b) => a - b);
}

/** A node's window in short. @throws {WireFormatError} when a distribution in it is malformed. */
export function summaryOf(window: NodeWindow, quantiles: readonly number[]): NodeSummary {
  const freeBlocks: number[] = [];
  for (const zone of window.zones) addFreeBlocks(freeBlocks, zone.freeBlocks);
  const { node, farm, online, observed, left, coverage, hugeOrder, skewMs, redis } = window;
  return {
    node,
    farm,
    online,
    observed,
    left,
    coverage,
    hugeOrder,
    freePages: window.zones.reduce((sum, zone) => sum + zone.freePages, 0),
    managedPages: window.zones.reduce((sum, zone) => sum + zone.managed, 0),
    freeBlocks,
    skewMs,
    redis,
    signals: window.distributions.map((entry) => signalSummary(entry, quantiles)),
  };
}

function signalSummary({ signal, distribution }: SignalDistribution, quantiles: readonly number[]): SignalSummary {
  const values = distribution === undefined ? new Distribution() : Distribution.fromProto(distribution);
  return {
    signal,
    count: values.count,
    sumUs: values.sumUs,
    maxUs: values.maxUs,
    quantiles: values.count === 0 ? [] : quantiles.map((quantile) => values.quantile(quantile)!),
  };
}

/** A quantile of a summary; null when the window has no such quantile, or nothing was counted. */
export function quantileOf(summary: SignalSummary, quantiles: readonly number[], wanted: number): Quantile | null {
  return summary.quantiles[quantiles.indexOf(wanted)] ?? null;
}
