export { buildApp } from "./app.ts";
export type { QueryApiOptions, QueryContext } from "./context.ts";
export { createQueryApi, QueryApi } from "./query-api.ts";
export * from "./schemas/index.ts";
