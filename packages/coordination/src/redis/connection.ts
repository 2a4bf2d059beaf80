import { type LinkEvents, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { Redis } from "ioredis";

export interface DialOptions {
  /** "redis://user:password@host:port/database", or "rediss://" with TLS. */
  readonly url: string;
  /** Name that the server shows for our connection. */
  readonly name: string;
  /** Longest wait for a connection and for a reply, in milliseconds. */
  readonly requestMsMax: number;
  readonly logger?: Logger | undefined;
}

/**
 * Connects once. A connection that breaks is not made again by itself, and what was under way on it is not repeated:
 * the next call dials anew.
 * @throws {OperatingError} COORDINATION_UNAVAILABLE (retriable).
 */
export async function dialRedis(options: DialOptions, events: LinkEvents): Promise<Redis> {
  const { url, name, requestMsMax, logger } = options;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: requestMsMax,
    connectTimeout: requestMsMax,
    retryStrategy: () => null,
  });
  let problem = "";
  redis.on("error", (error: Error) => {
    problem = error.message;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw translate(problem === "" ? error : new Error(problem, { cause: error }), "connecting to Redis");
  }
  redis.on("end", () => {
    logger?.warn({ connection: name }, "the coordination server is away");
    events.onClosed();
  });
  return redis;
}

/** Refuses what is no URL of a Redis, without repeating it: it may hold a password. */
export function checkRedisUrl(url: string): void {
  const protocol = URL.parse(url)?.protocol ?? "";
  if (protocol === "redis:" || protocol === "rediss:") return;
  throw new OperatingError("CONFIG_INVALID", "coordination by Redis needs a URL of the form redis://host:port");
}

/** Our error for whatever the client threw: an outage, since nothing here is final. */
export function translate(error: unknown, doing: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const message = `${doing}: ${messageOf(error)}`;
  return new OperatingError("COORDINATION_UNAVAILABLE", message, { retriable: true, cause: error });
}
