import { Distribution, type Quantile } from "@farmscope/domain";
import { Signal, type SignalDistribution } from "@farmscope/proto";
import type { Period } from "../period.ts";
import type { Started } from "../read/views.ts";
import type { LatencyPoint, LatencySummary, QuantileValue, SignalName } from "../schemas/index.ts";
import { meanShare, share } from "./number.ts";

/** Our names of the signals that have distributions. */
export const SIGNALS: Readonly<Record<SignalName, Signal>> = {
  runq_delay: Signal.RUNQ_DELAY,
  gc_pause: Signal.GC_PAUSE,
};
export const SIGNAL_NAMES = Object.keys(SIGNALS) as SignalName[];
export const QUANTILES_DEFAULT: readonly number[] = [0.5, 0.95, 0.99];

export function nameOfSignal(signal: Signal): SignalName | null {
  return SIGNAL_NAMES.find((name) => SIGNALS[name] === signal) ?? null;
}

/** What has distributions by signal: node views and windows, farm windows. */
export interface Distributed {
  readonly distributions: readonly SignalDistribution[];
}

/** The distribution of a signal; an empty one when there is none. */
export function distributionOf(view: Distributed, name: SignalName): Distribution {
  const found = view.distributions.find((entry) => entry.signal === SIGNALS[name])?.distribution;
  return found === undefined ? new Distribution() : Distribution.fromProto(found);
}

/** Count, sum, maximum and quantiles of a distribution. */
export function describeDistribution(distribution: Distribution, quantiles: readonly number[] = QUANTILES_DEFAULT) {
  return {
    count: distribution.count,
    sumUs: distribution.sumUs,
    maxUs: distribution.maxUs,
    quantiles: quantiles.map((quantile) => quantileValue(quantile, distribution.quantile(quantile))),
  };
}

function quantileValue(quantile: number, found: Quantile | null): QuantileValue {
  if (found === null) return { quantile, valueUs: null, lowerUs: null, upperUs: null };
  return {
    quantile,
    valueUs: found.value,
    lowerUs: found.lower,
    upperUs: Number.isFinite(found.upper) ? found.upper : null,
  };
}

/** Every signal of a view, in short. */
export function latencySummaries(view: Distributed): LatencySummary[] {
  return SIGNAL_NAMES.map((signal) => ({ signal, ...describeDistribution(distributionOf(view, signal)) }));
}

/** A quantile of a signal in microseconds, or null when nothing was counted. */
export function quantileUs(distribution: Distribution, quantile: number): number | null {
  return distribution.quantile(quantile)?.value ?? null;
}

/** What a latency series needs of a window. */
export type LatencyWindow = Distributed & { readonly coverage: number };

/** The points of a latency series, and everything together. Windows of a step are added: exact. */
export function latencySeries(
  windows: readonly Started<LatencyWindow>[],
  name: SignalName,
  quantiles: readonly number[],
  period: Period,
) {
  const total = new Distribution();
  const points: LatencyPoint[] = [];
  for (const [startMs, group] of byStep(windows, period)) {
    const sum = new Distribution();
    for (const { window } of group) sum.add(distributionOf(window, name));
    total.add(sum);
    const coverage = meanShare(group.map(({ window }) => share(window.coverage)));
    points.push({ startMs, coverage, ...describeDistribution(sum, quantiles) });
  }
  return { points, total: describeDistribution(total, quantiles) };
}

/** Windows by the start of the step that they lie in, in order. */
export function byStep<T>(windows: readonly Started<T>[], period: Period): Map<number, Started<T>[]> {
  return Map.groupBy(windows, ({ startMs }) => Math.floor(startMs / period.stepMs) * period.stepMs);
}
