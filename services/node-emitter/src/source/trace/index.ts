export { decodeTrace, encodeTrace, type Trace, type TraceHeader } from "./trace-format.ts";
export { type TraceOptions, TraceSource } from "./trace-source.ts";
export { TraceWriter } from "./trace-writer.ts";
