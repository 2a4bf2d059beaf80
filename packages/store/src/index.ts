export * from "./keys.ts";
export * from "./port.ts";
