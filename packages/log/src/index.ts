export * from "./jetstream/jetstream-log.ts";
export * from "./kafka/kafka-log.ts";
export type { KafkaSecurity } from "./kafka/security.ts";
export * from "./memory/memory-log.ts";
export * from "./open.ts";
export * from "./port.ts";
export { DEDUP_WINDOW_MS, type Retention, retentionOf, WHOLE_STREAMS } from "./retention.ts";
