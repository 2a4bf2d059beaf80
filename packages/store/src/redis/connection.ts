import type { Logger } from "@farmscope/runtime";
import { Redis, type RedisOptions } from "ioredis";
import { CLAIM, COMMIT } from "./scripts.ts";

/** Longest wait for a reply: a silent server counts as away. A commit at the bounds takes well under a second. */
const REPLY_MS_MAX = 5_000;
/** Waits between attempts to connect double from 50 ms to this. */
const RECONNECT_MS_MAX = 2_000;

/**
 * A connection that is made again for ever, with back-off. While it is down every command fails at once, and what was
 * under way when it broke fails too and is never sent a second time: whoever asked decides whether to ask again.
 */
export function connect(url: string, name: string, logger: Logger): Redis {
  const options = {
    lazyConnect: true,
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    commandTimeout: REPLY_MS_MAX,
    connectTimeout: REPLY_MS_MAX,
    retryStrategy: (attempt: number) => Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(attempt - 1, 10)),
  } satisfies RedisOptions;
  const redis = new Redis(url, options);
  let lastProblem = "";
  redis.on("error", (error: Error) => {
    if (error.message !== lastProblem) logger.warn({ err: error, connection: name }, "Redis is away; connecting again");
    lastProblem = error.message;
  });
  redis.on("ready", () => {
    if (lastProblem !== "") logger.info({ connection: name }, "Redis is back");
    lastProblem = "";
  });
  return redis;
}

/**
 * Starts connecting and resolves when the connection is ready or the first attempt has failed: a caller may go on
 * without Redis, and finds it later.
 */
export async function firstAttempt(redis: Redis): Promise<void> {
  await redis.connect().catch(() => undefined);
}

/** Loads the scripts now and after every reconnection, so that the first commit finds them. */
export function keepScriptsLoaded(redis: Redis): void {
  redis.on("ready", () => {
    for (const script of [CLAIM, COMMIT]) void redis.script("LOAD", script.lua).catch(() => undefined);
  });
}
