export * from "./control-appender.ts";
export * from "./control-follower.ts";
export * from "./live-control.ts";
export * from "./rule-set.ts";
