/**
 * From closed windows to samples: what each rule reads of each farm or node. Pure; the windows are the only input, so the
 * same records give the same samples live, after a restart and in a backtest.
 */
import type { FarmNode, FarmWindow, Signal, SignalDistribution } from "@farmscope/proto";
import { Distribution } from "../distribution/distribution.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { alertKeyOf, type InstanceLabels } from "./alert-key.ts";
import { boundedRatio, insufficient, quantileRanks, type Reading, trusted } from "./reading.ts";
import type { Measure, Rule } from "./rule.ts";
import { signalFacts } from "./signals.ts";
import type { ClosedWindow } from "./window-history.ts";

/** What a rule read of one alert's farm or node. */
export interface Sample {
  readonly alertKey: string;
  readonly labels: InstanceLabels;
  readonly reading: Reading;
}

/** Whether a rule looks at a window at all: its end must be a multiple of the rule's interval. */
export function isDue(rule: Rule, window: ClosedWindow): boolean {
  return window.endMs % rule.intervalMs === 0;
}

/**
 * Samples of a rule at the newest of some windows.
 * @param windows windows of one farm, rising, not empty; those of the rule's span before the end of the newest.
 * @returns one sample for the farm, or one for each node that the newest window lists. Costs a merge of the
 *   distributions of all the windows for each sample of a quantile rule.
 */
export function evaluateRule(rule: Rule, windows: readonly ClosedWindow[]): Sample[] {
  const newest = windows.at(-1)!;
  if (rule.by === "farm") {
    const labels = { farm: newest.farm };
    const parts = windows.map((window) => window.record);
    return [sampleOf(rule, labels, readFarm(rule, newest, parts))];
  }
  const linesByWindow = windows.map((window) => new Map(window.record.nodes.map((line) => [line.node, line])));
  return newest.record.nodes.map((line) => {
    const lines = linesByWindow.map((byNode) => byNode.get(line.node)).filter((found) => found !== undefined);
    return sampleOf(rule, { farm: newest.farm, node: line.node }, readNode(rule, newest, line, lines));
  });
}

function sampleOf(rule: Rule, labels: InstanceLabels, reading: Reading): Sample {
  return { alertKey: alertKeyOf(rule.name, labels), labels, reading: trusted(reading, rule.coverageMin) };
}

function readFarm(rule: Rule, newest: ClosedWindow, parts: readonly FarmWindow[]): Reading {
  const { measure } = rule;
  if (measure.kind === "quantile") return readQuantile(rule, measure.quantile, newest.widthMs, parts);
  return readFarmIndex(measure.order, newest.record);
}

function readNode(rule: Rule, newest: ClosedWindow, line: FarmNode, lines: readonly FarmNode[]): Reading {
  if (!line.online) return insufficient("NodeOffline");
  const { measure } = rule;
  if (measure.kind === "quantile") return readQuantile(rule, measure.quantile, newest.widthMs, lines);
  return readNodeIndex(measure, newest.record.hugeOrder, line);
}

function readFarmIndex(order: "huge" | number, window: FarmWindow): Reading {
  const wanted = order === "huge" ? window.hugeOrder : order;
  if (window.managedPages === 0n) return insufficient("NoData", window.coverage);
  const line = window.orders.find((candidate) => candidate.order === wanted);
  if (line === undefined) return insufficient("OrderUnknown", window.coverage);
  return boundedRatio(line.unusableIndex, window.coverage);
}

/** A node's line holds the index at the huge-page order only, whatever number that is. */
function readNodeIndex(
  measure: Extract<Measure, { kind: "unusable-index" }>,
  hugeOrder: number,
  line: FarmNode,
): Reading {
  if (line.managedPages === 0n) return insufficient("NoData", line.coverage);
  if (measure.order !== "huge" && measure.order !== hugeOrder) return insufficient("OrderUnknown", line.coverage);
  return boundedRatio(line.unusableIndexHuge, line.coverage);
}

/**
 * A quantile of several windows merged. Its coverage is the mean over the windows that the span holds; a missing window
 * counts as 0.
 */
function readQuantile(
  rule: Rule,
  quantile: number,
  widthMs: number,
  parts: readonly { readonly coverage: number; readonly distributions: readonly SignalDistribution[] }[],
): Reading {
  const windowsMeant = Math.max(1, Math.round(rule.windowMs / widthMs));
  const coverage = Math.min(1, parts.reduce((sum, part) => sum + part.coverage, 0) / windowsMeant);
  const merged = mergedDistribution(signalFacts(rule.signal).distribution, parts);
  if (merged === null) return insufficient("DataMalformed", coverage);
  const seen = merged.quantile(quantile);
  if (seen === null || coverage <= 0) return insufficient("NoData", coverage);
  const ranks = quantileRanks(quantile, coverage);
  const lower = merged.quantile(ranks.lower)!.lower;
  const upper = ranks.upper > 1 ? Number.POSITIVE_INFINITY : merged.quantile(ranks.upper)!.upper;
  return { kind: "value", value: seen.value, lower, upper, coverage };
}

/** @returns null when one of them is malformed: a quantile of the rest would pass for that of all. */
function mergedDistribution(
  signal: Signal | null,
  parts: readonly { readonly distributions: readonly SignalDistribution[] }[],
): Distribution | null {
  const merged = new Distribution();
  try {
    for (const part of parts) {
      const view = part.distributions.find((candidate) => candidate.signal === signal)?.distribution;
      if (view !== undefined) merged.add(Distribution.fromProto(view));
    }
  } catch (error) {
    if (error instanceof WireFormatError) return null;
    throw error;
  }
  return merged;
}
