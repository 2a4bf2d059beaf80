export * from "./commit-bounds.ts";
export * from "./keys.ts";
export * from "./memory/memory-store.ts";
export * from "./port.ts";
export { openStore, RedisStore, type RedisStoreOptions } from "./redis/redis-store.ts";
