export { WORKLOAD_NAMES, type WorkloadName } from "./mixes.ts";
export { FrameTruth } from "./page-allocator.ts";
export type { SimulatedTruth } from "./simulated-truth.ts";
export { type SyntheticOptions, SyntheticSource } from "./synthetic-source.ts";
