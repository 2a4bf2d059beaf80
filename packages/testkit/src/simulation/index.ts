export * from "./channel.ts";
export * from "./scheduler.ts";
export * from "./simulated-clock.ts";
export * from "./simulated-coordination.ts";
export * from "./simulated-log.ts";
export * from "./simulated-process.ts";
export * from "./simulated-store.ts";
