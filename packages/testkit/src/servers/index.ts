export * from "./kafka.ts";
export * from "./local-server.ts";
export * from "./loopback.ts";
export * from "./nats.ts";
export * from "./nats-cluster.ts";
export { NATS_NEWER, NATS_VERSIONS, type NatsVersion } from "./nats-version.ts";
export * from "./prometheus.ts";
export * from "./redis.ts";
