/** The signals that a rule may name, and what each needs to be read. How they are read is in read-signal.ts. */
import { Signal } from "@farmscope/proto";
import type { Grouping } from "./grouping.ts";

/** Unit of a signal's value, which decides how its thresholds are written: 0.6, 5ms, 100MiB, 3. */
export type SignalUnit = "ratio" | "microseconds" | "bytes" | "count";

export interface SignalFacts {
  readonly unit: SignalUnit;
  /** The distribution that a quantile is taken of; null when the signal is a single value. */
  readonly distribution: Signal | null;
  /** Whether it is a measure at an order of free blocks. */
  readonly takesOrder: boolean;
  /** What a rule may tell apart. */
  readonly by: readonly Grouping[];
  /** Half a sentence for people. */
  readonly meaning: string;
}

function value(unit: SignalUnit, by: readonly Grouping[], meaning: string): SignalFacts {
  return { unit, distribution: null, takesOrder: false, by, meaning };
}

function atOrder(unit: SignalUnit, meaning: string): SignalFacts {
  return { unit, distribution: null, takesOrder: true, by: ["farm", "node"], meaning };
}

function latency(distribution: Signal, meaning: string): SignalFacts {
  return { unit: "microseconds", distribution, takesOrder: false, by: ["farm", "node", "cgroup"], meaning };
}

export const ALERT_SIGNALS = {
  unusable_free_space_index: atOrder("ratio", "share of free memory that a block of the order cannot be made of"),
  external_fragmentation_index: atOrder("ratio", "why a block of the order is not to be had; -1 while it is"),
  free_blocks: atOrder("count", "blocks of the order that could be had"),
  farm_fragmentation_rate: value(
    "ratio",
    ["farm", "node"],
    "1 - contiguous pages / all pages; rises with fullness too",
  ),
  runq_delay: latency(Signal.RUNQ_DELAY, "wait of a runnable task for its CPU"),
  gc_pause: latency(Signal.GC_PAUSE, "pause of a runtime for garbage collection"),
  emitter_loss: value("ratio", ["farm", "node"], "share of the window's events that were lost"),
  coverage: value("ratio", ["farm", "node"], "share of what should have been seen that was"),
  consumer_lag: value("microseconds", ["farm"], "age of a window when its record was written, beyond the usual"),
  node_offline: value("count", ["farm", "node"], "nodes that are silent"),
  clock_skew: value(
    "microseconds",
    ["node"],
    "how far a node's clock is off the log's, either way, its batches' way included",
  ),
  redis_mem_fragmentation_ratio: value("ratio", ["instance"], "resident over used memory of a Redis server"),
  redis_mem_fragmentation_bytes: value("bytes", ["instance"], "resident less used memory of a Redis server"),
  redis_allocator_frag_ratio: value(
    "ratio",
    ["instance"],
    "what a Redis server's allocator holds over what it gave out",
  ),
  redis_unanswered: value("count", ["instance"], "1 while a watched Redis server does not answer"),
} as const satisfies Record<string, SignalFacts>;

export type SignalName = keyof typeof ALERT_SIGNALS;

export const SIGNAL_NAMES = Object.keys(ALERT_SIGNALS) as SignalName[];

/** What is known about a signal. */
export function signalFacts(name: SignalName): SignalFacts {
  return ALERT_SIGNALS[name];
}
