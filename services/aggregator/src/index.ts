export { Aggregator, type AggregatorOptions, createAggregator } from "./app.ts";
export { canonicalHash, type HashedNode } from "./canonical-hash.ts";
export { type AggregatorLimits, checkpointsEvery, DEFAULT_LIMITS } from "./config.ts";
export { AGGREGATOR_ROLE } from "./ownership.ts";
