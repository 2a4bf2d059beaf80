import { Signal } from "@farmscope/proto";

/** Unit of a signal's value, which decides how its thresholds are written: 0.6, 5ms, 100MiB. */
export type SignalUnit = "ratio" | "microseconds" | "bytes";

export interface SignalFacts {
  readonly unit: SignalUnit;
  /** The distribution that a quantile is taken of; null when the signal is a single value. */
  readonly distribution: Signal | null;
}

/** The signals that a rule may name. */
export const ALERT_SIGNALS = {
  unusable_free_space_index: { unit: "ratio", distribution: null },
  runq_delay: { unit: "microseconds", distribution: Signal.RUNQ_DELAY },
  gc_pause: { unit: "microseconds", distribution: Signal.GC_PAUSE },
} as const satisfies Record<string, SignalFacts>;

export type SignalName = keyof typeof ALERT_SIGNALS;

export const SIGNAL_NAMES = Object.keys(ALERT_SIGNALS) as SignalName[];

/** What is known about a signal. */
export function signalFacts(name: SignalName): SignalFacts {
  return ALERT_SIGNALS[name];
}
