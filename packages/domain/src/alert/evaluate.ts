/**
 * From closed windows to samples: what each rule reads of each farm, node, cgroup or watched server. Pure; the windows
 * are the only input, so the same records give the same samples live, after a restart and in a backtest.
 */
import type { Signal } from "@farmscope/proto";
import { alertKeyOf, type InstanceLabels } from "./alert-key.ts";
import { type DecodedDistribution, decodeDistribution, mergeDistributions } from "./decoded-distribution.ts";
import type { NodeSight } from "./node-sight.ts";
import { readFarmValue, readNodeValue, readRedisValue } from "./read-signal.ts";
import { insufficient, quantileRanks, type Reading, trusted } from "./reading.ts";
import type { Rule } from "./rule.ts";
import { type SignalName, signalFacts } from "./signals.ts";
import type { ClosedWindow } from "./window-history.ts";

/** What a rule read of one alert's farm, node, cgroup or server. */
export interface Sample {
  readonly alertKey: string;
  /** The labels that tell it from the rule's other alerts. */
  readonly labels: InstanceLabels;
  /** Labels that may change while it stays the same alert, such as a server's role. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly reading: Reading;
}

/** Distributions of one instance in one window, with their coverage. */
interface Part {
  readonly coverage: number;
  /** Null when it is malformed. */
  readonly distribution: DecodedDistribution | null;
}

/** Whether a rule looks at a window at all: its end must be a multiple of the rule's interval. */
export function isDue(rule: Rule, window: ClosedWindow): boolean {
  return window.endMs % rule.intervalMs === 0;
}

/**
 * Samples of a rule at the newest of some windows; not for burn rates, which look further back (burn-rate.ts).
 * @param windows windows of one farm, rising, not empty; those of the rule's span before the end of the newest.
 * @returns one sample for the farm, or one for each node, cgroup or server that the newest window lists. Costs a merge
 *   of the distributions of all the windows for each sample of a quantile rule.
 */
export function evaluateRule(rule: Rule, windows: readonly ClosedWindow[]): Sample[] {
  switch (rule.by) {
    case "farm":
      return [farmSample(rule, windows)];
    case "node":
      return [...windows.at(-1)!.sights.values()].map((sight) => nodeSample(rule, sight, windows));
    case "cgroup":
      return cgroupSamples(rule, windows);
    case "instance":
      return instanceSamples(rule, windows.at(-1)!);
  }
}

/** A sample as the rule trusts it. */
export function sampleOf(rule: Rule, labels: InstanceLabels, reading: Reading): Sample {
  return { alertKey: alertKeyOf(rule.name, labels), labels, reading: trusted(reading, rule.coverageMin) };
}

function farmSample(rule: Rule, windows: readonly ClosedWindow[]): Sample {
  const newest = windows.at(-1)!;
  const read = (signal: SignalName) => readFarmValue(signal, orderOf(rule), newest);
  const reading =
    rule.measure.kind === "quantile" ? readQuantile(rule, newest, farmParts(rule, windows)) : read(rule.signal);
  return sampleOf(rule, { farm: newest.farm }, floored(rule, reading, read));
}

function nodeSample(rule: Rule, sight: NodeSight, windows: readonly ClosedWindow[]): Sample {
  const newest = windows.at(-1)!;
  const read = (signal: SignalName) => readNodeValue(signal, orderOf(rule), sight);
  const reading = rule.measure.kind === "quantile" ? nodeQuantile(rule, sight, windows) : read(rule.signal);
  return sampleOf(rule, { farm: newest.farm, node: sight.node }, floored(rule, reading, read));
}

function nodeQuantile(rule: Rule, { node, online }: NodeSight, windows: readonly ClosedWindow[]): Reading {
  if (!online) return insufficient("NodeOffline");
  const signal = signalFacts(rule.signal).distribution!;
  const parts: Part[] = [];
  for (const { sights } of windows) {
    const sight = sights.get(node);
    if (sight !== undefined) parts.push({ coverage: sight.coverage, distribution: sight.distribution(signal) });
  }
  return readQuantile(rule, windows.at(-1)!, parts);
}

/** A cgroup that had nothing to measure in the newest window has no sample there. */
function cgroupSamples(rule: Rule, windows: readonly ClosedWindow[]): Sample[] {
  const newest = windows.at(-1)!;
  const signal = signalFacts(rule.signal).distribution!;
  return [...newest.sights.values()].flatMap(({ node, online }) => {
    if (!online) return [];
    return [...cgroupParts(signal, node, windows)].map(([cgroup, parts]) =>
      sampleOf(rule, { farm: newest.farm, node, cgroup }, readQuantile(rule, newest, parts)),
    );
  });
}

function cgroupParts(signal: Signal, node: string, windows: readonly ClosedWindow[]): Map<string, Part[]> {
  const byPath = new Map<string, Part[]>();
  const newest = windows.at(-1)!;
  for (const { path, distribution } of newest.sights.get(node)?.cgroups(signal) ?? []) {
    byPath.set(path, [{ coverage: newest.sights.get(node)!.coverage, distribution }]);
  }
  for (const { sights } of windows.slice(0, -1)) {
    const sight = sights.get(node);
    if (sight === undefined) continue;
    const inWindow = new Map(sight.cgroups(signal).map((part) => [part.path, part.distribution]));
    // In a window in which it had nothing to measure, all of that nothing was seen.
    for (const [path, parts] of byPath) {
      parts.push({ coverage: sight.coverage, distribution: inWindow.get(path) ?? decodeDistribution(undefined) });
    }
  }
  return byPath;
}

function instanceSamples(rule: Rule, { farm, sights }: ClosedWindow): Sample[] {
  return [...sights.values()].flatMap(({ node, online, redis }) =>
    redis.map((gauges) => {
      const read = (signal: SignalName): Reading =>
        online ? readRedisValue(signal, gauges) : insufficient("NodeOffline");
      const sample = sampleOf(rule, { farm, node, addr: gauges.addr }, floored(rule, read(rule.signal), read));
      return { ...sample, facts: { role: gauges.role } };
    }),
  );
}

/** Marks a value below the rule's floor. Without the floor's own value nothing can be said. */
function floored(rule: Rule, reading: Reading, read: (signal: SignalName) => Reading): Reading {
  const { floor } = rule;
  if (floor === null || reading.kind === "insufficient") return reading;
  const beside = read(floor.signal);
  return beside.kind === "insufficient" ? beside : { ...reading, belowFloor: beside.value < floor.above };
}

function orderOf({ measure }: Rule): "huge" | number {
  return measure.kind === "value" ? measure.order : "huge";
}

function farmParts(rule: Rule, windows: readonly ClosedWindow[]): Part[] {
  const signal = signalFacts(rule.signal).distribution!;
  return windows.map((window) => ({ coverage: window.record.coverage, distribution: window.distribution(signal) }));
}

/**
 * A quantile of several windows merged. Its coverage is the mean over the windows that the span holds; a missing window
 * counts as 0. When one is malformed there is none: a quantile of the rest would pass for that of all.
 */
function readQuantile(rule: Rule, newest: ClosedWindow, parts: readonly Part[]): Reading {
  const quantile = rule.measure.kind === "quantile" ? rule.measure.quantile : 0.5;
  const windowsMeant = Math.max(1, Math.round(rule.windowMs / newest.widthMs));
  const coverage = Math.min(1, parts.reduce((sum, part) => sum + part.coverage, 0) / windowsMeant);
  const distributions = parts.map((part) => part.distribution).filter((part) => part !== null);
  if (distributions.length < parts.length) return insufficient("DataMalformed", coverage);
  const merged = mergeDistributions(distributions);
  const seen = merged.quantile(quantile);
  if (seen === null || coverage <= 0) return insufficient("NoData", coverage);
  const ranks = quantileRanks(quantile, coverage);
  const lower = merged.quantile(ranks.lower)!.lower;
  const upper = ranks.upper > 1 ? Number.POSITIVE_INFINITY : merged.quantile(ranks.upper)!.upper;
  return { kind: "value", value: seen.value, lower, upper, coverage };
}
