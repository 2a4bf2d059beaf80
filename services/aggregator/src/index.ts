export { Aggregator, type AggregatorOptions, createAggregator } from "./app.ts";
export { canonicalHash, type HashedNode } from "./canonical-hash.ts";
export { type AggregatorLimits, DEFAULT_LIMITS } from "./config.ts";
export { AGGREGATOR_ROLE } from "./ownership.ts";
export type { Difference, DifferenceCount } from "./replay/differences.ts";
export { type RebuildReport, rebuild } from "./replay/rebuild.ts";
export { type ReplayProgress, replay } from "./replay/replay.ts";
export { TICK_KEY } from "./ticker.ts";
