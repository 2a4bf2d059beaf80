/** Every response shape, for the routes, the console and the command line. */
export * from "./alert.ts";
export * from "./farm.ts";
export * from "./fragmentation.ts";
export * from "./jobs.ts";
export * from "./latency.ts";
export * from "./live.ts";
export * from "./node.ts";
export * from "./operations.ts";
export * from "./page-map.ts";
export * from "./past.ts";
export * from "./registry.ts";
export * from "./shared.ts";
export * from "./status.ts";
