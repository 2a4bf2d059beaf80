export { createEmitter, Emitter, type EmitterOptions, type EmitterStatus } from "./app.ts";
export { EMITTER_LIMITS, type EmitterLimits } from "./config.ts";
export * from "./source/bpf/index.ts";
export type { EventSource, GcPauseEvent, NodeSink, SamplingInForce, SourceNode } from "./source/port.ts";
export * from "./source/synthetic/index.ts";
export * from "./source/trace/index.ts";
export type { EncodedBatch } from "./stages/spool.ts";
