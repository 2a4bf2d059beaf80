import { OperatingError } from "@farmscope/runtime";
import { ReplyError } from "ioredis";

/**
 * Error codes that Redis puts first in an error reply when it cannot serve now but may later.
 * Source: redis 7.0, src/server.c (createSharedObjects) and src/cluster.c.
 */
const PASSING_REPLIES = new Set([
  "LOADING", // reading its data from disk
  "BUSY", // a script runs too long
  "OOM", // over maxmemory
  "MISCONF", // cannot write its snapshot
  "READONLY", // a replica; fail-over under way
  "MASTERDOWN",
  "NOREPLICAS",
  "CLUSTERDOWN",
  "TRYAGAIN", // slot is moving
  "UNKILLABLE",
  "NOAUTH", // an operator is changing the password
  "WRONGPASS",
]);

/** The code at the start of an error reply; "" when it is no error reply. */
export function replyCode(error: unknown): string {
  if (!(error instanceof ReplyError)) return "";
  return /^[A-Z]+/.exec((error as Error).message)?.[0] ?? "";
}

/**
 * Our error for one of the client's. Everything but an error reply is a broken or silent connection, hence retriable.
 */
export function translateError(error: unknown, doing: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const code = replyCode(error);
  const retriable = code === "" || PASSING_REPLIES.has(code);
  const why = error instanceof Error ? error.message : String(error);
  return new OperatingError("STORE_UNAVAILABLE", `Redis could not ${doing}: ${why}`, { retriable, cause: error });
}
