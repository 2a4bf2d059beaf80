import type { Severity } from "./rule.ts";

/** Why an evaluation has no value that can be trusted. */
export type InsufficientReason =
  | "NoData"
  | "DataMalformed"
  | "OrderUnknown"
  | "NodeOffline"
  | "NotAnswered"
  | "InstanceAbsent"
  | "RuleRemoved"
  | "CoverageTooLow";

/** What a rule read of one farm or node in a closed window. */
export type Reading =
  | {
      readonly kind: "value";
      readonly value: number;
      /** What the value could be at least, given what was not seen. */
      readonly lower: number;
      /** What it could be at most; Infinity when nothing bounds it. */
      readonly upper: number;
      /** Share of what should have been seen, 0 to 1. */
      readonly coverage: number;
      /** The rule's floor is not reached: nothing counts as above. Absent without a floor. */
      readonly belowFloor?: boolean;
      /** For a burn rate: whether each severity's windows both burn fast enough. */
      readonly burning?: Readonly<Record<Severity, boolean>>;
    }
  | { readonly kind: "insufficient"; readonly reason: InsufficientReason; readonly coverage: number };

export function insufficient(reason: InsufficientReason, coverage = 0): Reading {
  return { kind: "insufficient", reason, coverage };
}

/** A value as it is, or insufficient when less than `coverageMin` of what should have been seen was. */
export function trusted(reading: Reading, coverageMin: number): Reading {
  if (reading.kind === "insufficient") return reading;
  return reading.coverage < coverageMin ? insufficient("CoverageTooLow", reading.coverage) : reading;
}

/** A value that is known exactly: it counts what was seen and what was not. */
export function exactValue(value: number): Reading {
  return { kind: "value", value, lower: value, upper: value, coverage: 1 };
}

/**
 * A ratio with the bounds that follow from its coverage: the unseen share may be all 0 or all 1.
 * @param value the ratio of what was seen, 0 to 1.
 */
export function boundedRatio(value: number, coverage: number): Reading {
  const seen = value * coverage;
  return { kind: "value", value, lower: seen, upper: seen + (1 - coverage), coverage };
}

/**
 * The ranks, as quantiles of the seen values, between which the quantile of all values lies: with a share of
 * 1 - coverage unseen, all of it may lie below or all of it above.
 * @returns lower in [0, 1]; upper above 1 when only unseen values could be there.
 */
export function quantileRanks(quantile: number, coverage: number): { readonly lower: number; readonly upper: number } {
  return { lower: Math.max(0, (quantile - (1 - coverage)) / coverage), upper: quantile / coverage };
}
