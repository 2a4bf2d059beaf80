import { Distribution } from "@farmscope/domain";
import type { FarmWindow } from "@farmscope/proto";
import { METRIC_ALERTS_MAX, METRIC_FARMS_MAX, METRIC_NODES_MAX } from "../limits.ts";
import { farmSummary } from "../measure/farm.ts";
import type { PartitionNodes } from "../read/fleet.ts";
import type { AlertEventLine, Balances, FarmSummary, NodeLine, SignalName, StatusAnswer } from "../schemas/index.ts";
import { type Exemplar, type Family, type Sample, sample } from "./exposition.ts";
import { histogramSamples } from "./histogram-samples.ts";

/** What is known of every farm, from its newest closed window. */
export function farmFamilies(windows: readonly FarmWindow[]): Family[] {
  const farms = windows.slice(0, METRIC_FARMS_MAX).map(farmSummary);
  const gauge = (name: string, help: string, read: (farm: FarmSummary) => number | null): Family => ({
    name: `farmscope_farm_${name}`,
    help,
    type: "gauge",
    samples: gaugeSamples(farms, read, (farm) => ({ farm: farm.farm })),
  });
  return [
    gauge("nodes_online", "Nodes that are online.", (farm) => farm.nodesOnline),
    gauge("nodes_known", "Nodes that belong to the farm.", (farm) => farm.nodesKnown),
    gauge("free_pages", "Free pages.", (farm) => farm.freePages),
    gauge("managed_pages", "Pages that the allocators manage.", (farm) => farm.managedPages),
    gauge("unusable_free_space_index", "Share of free memory that no huge page can use.", (farm) => farm.unusableIndex),
    gauge(
      "fragmentation_rate",
      "1 - contiguous pages / managed pages; measures fullness too.",
      (farm) => farm.farmFragmentationRate,
    ),
    gauge("coverage_ratio", "Share of what should have been counted.", (farm) => farm.coverage),
    gauge("window_start_seconds", "Start of the newest closed window, Unix time.", (farm) => farm.windowStartMs / 1000),
  ];
}

/** What is known of every node, up to METRIC_NODES_MAX of them. */
export function nodeFamilies(partitions: readonly PartitionNodes[]): Family[] {
  const all = partitions.flatMap((nodes) => nodes.lines);
  const nodes = all.slice(0, METRIC_NODES_MAX);
  const gauge = (name: string, help: string, read: (node: NodeLine) => number | null): Family => ({
    name: `farmscope_node_${name}`,
    help,
    type: "gauge",
    samples: gaugeSamples(nodes, read, (node) => ({ farm: node.farm, node_id: node.node })),
  });
  return [
    gauge("online", "1 when the node is online.", (node) => Number(node.online)),
    gauge("free_pages", "Free pages.", (node) => node.freePages),
    gauge("managed_pages", "Pages that the allocator manages.", (node) => node.managedPages),
    gauge("unusable_free_space_index", "Share of free memory that no huge page can use.", (node) => node.unusableIndex),
    gauge("coverage_ratio", "Share of what should have been counted.", (node) => node.coverage),
    gauge(
      "right_ratio",
      "Share of page frames that the model had right at the last observation.",
      (node) => node.rightRatio,
    ),
    gauge("last_event_seconds", "Time of the newest folded event, Unix time.", (node) => node.lastEventMs / 1000),
    gauge("clock_skew_seconds", "Append time minus event time of the newest batch.", (node) => node.skewMs / 1000),
    {
      name: "farmscope_nodes_without_metrics",
      help: `Nodes left out of the node metrics, which hold ${METRIC_NODES_MAX}.`,
      type: "gauge",
      samples: [sample(all.length - nodes.length)],
    },
  ];
}

function gaugeSamples<T>(
  things: readonly T[],
  read: (thing: T) => number | null,
  labels: (thing: T) => Readonly<Record<string, string>>,
): Sample[] {
  return things.flatMap((thing) => {
    const value = read(thing);
    return value === null ? [] : [sample(value, labels(thing))];
  });
}

const HISTOGRAMS: readonly { readonly signal: SignalName; readonly name: string; readonly help: string }[] = [
  { signal: "runq_delay", name: "farmscope_runq_delay_seconds", help: "From wake-up to being switched in." },
  { signal: "gc_pause", name: "farmscope_gc_pause_seconds", help: "Stops of managed runtimes for garbage collection." },
];

/**
 * Latency histograms of every farm: sums over its nodes since they were first seen.
 * @param exemplarsOf single values of a farm and signal, for the formats that show them.
 */
export function latencyFamilies(
  partitions: readonly PartitionNodes[],
  exemplarsOf: (farm: string, signal: SignalName) => readonly Exemplar[] = () => [],
): Family[] {
  const farms = [...new Set(partitions.flatMap((nodes) => [...nodes.distributions.keys()]))].sort();
  return HISTOGRAMS.map(({ signal, name, help }) => ({
    name,
    help,
    type: "histogram",
    samples: farms.slice(0, METRIC_FARMS_MAX).flatMap((farm) => {
      const sum = new Distribution();
      for (const nodes of partitions) {
        const part = nodes.distributions.get(farm)?.get(signal);
        if (part !== undefined) sum.add(part);
      }
      return histogramSamples(sum, { farm }, exemplarsOf(farm, signal));
    }),
  }));
}

/** Alerts that are pending or firing, by rule: never one series for each instance. */
export function alertFamilies(active: readonly AlertEventLine[]): Family[] {
  const counts = new Map<string, { labels: Readonly<Record<string, string>>; count: number }>();
  for (const { rule, severity, transition } of active) {
    const state = transition === "pending" ? "pending" : "firing";
    const labels = { rule, severity: severity ?? "none", state };
    const key = JSON.stringify(labels);
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { labels, count: 1 });
    else found.count++;
  }
  const samples = [...counts.values()].slice(0, METRIC_ALERTS_MAX).map(({ labels, count }) => sample(count, labels));
  return [{ name: "farmscope_alerts", help: "Alerts that are pending or firing.", type: "gauge", samples }];
}

/** The installation's own state. */
export function statusFamilies(status: StatusAnswer): Family[] {
  const perPartition = (read: (line: StatusAnswer["partitions"][number]) => number | null): Sample[] =>
    gaugeSamples(status.partitions, read, (line) => ({ partition: String(line.partition) }));
  return [
    {
      name: "farmscope_build_info",
      help: "Version.",
      type: "gauge",
      samples: [sample(1, { version: status.version })],
    },
    {
      name: "farmscope_partition_position",
      help: "Committed position.",
      type: "gauge",
      samples: perPartition((line) => line.position),
    },
    {
      name: "farmscope_partition_lag",
      help: "Positions appended and not committed.",
      type: "gauge",
      samples: perPartition((line) => line.lag),
    },
    {
      name: "farmscope_partition_owned",
      help: "1 when a replica owns the partition.",
      type: "gauge",
      samples: perPartition((line) => Number(line.owner !== null)),
    },
    {
      name: "farmscope_events",
      help: "Events by kind and fate; in = folded + dropped + lost + held.",
      type: "gauge",
      samples: eventSamples(status.balances),
    },
    {
      name: "farmscope_dead_letters",
      help: "Messages put aside.",
      type: "gauge",
      samples: [sample(status.deadLetters.messages)],
    },
    {
      name: "farmscope_query_requests_total",
      help: "Requests by fate.",
      type: "counter",
      samples: status.requests.flatMap(({ name, out, dropped }) => [
        sample(out, { stage: name, fate: "served" }),
        sample(dropped, { stage: name, fate: "dropped" }),
      ]),
    },
  ];
}

function eventSamples(balances: Balances): Sample[] {
  return (["pages", "runq", "gc"] as const).flatMap((kind) =>
    (["in", "folded", "dropped", "lost", "held"] as const).map((fate) => sample(balances[kind][fate], { kind, fate })),
  );
}
