import type { LatencySummary, SignalName } from "@farmscope/query-api";
import { formatUs, NOTHING } from "@farmscope/query-api/format";

/** A quantile of a signal as people read it; the sign for none where nothing was counted. */
export function quantileOf(latency: readonly LatencySummary[], signal: SignalName, quantile: number): string {
  const values = latency.find((summary) => summary.signal === signal)?.quantiles ?? [];
  const us = values.find((value) => value.quantile === quantile)?.valueUs;
  return us === undefined || us === null ? NOTHING : formatUs(us);
}
