export * from "./local-server.ts";
export * from "./loopback.ts";
export * from "./nats.ts";
export * from "./redis.ts";
