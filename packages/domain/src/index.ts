export * from "./distribution/columns.ts";
export * from "./distribution/slots.ts";
export * from "./page/columns.ts";
export * from "./partition.ts";
export * from "./time.ts";
