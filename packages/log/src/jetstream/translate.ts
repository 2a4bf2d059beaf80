import { type ErrorCode, messageOf, OperatingError } from "@farmscope/runtime";
import { JetStreamApiError } from "@nats-io/jetstream";

/** JetStream's error codes that no retry will cure. Source: nats-server, server/errors.json. */
const REFUSALS: ReadonlyMap<number, { code: ErrorCode; remedy?: string }> = new Map([
  [10047, { code: "LOG_MISCONFIGURED", remedy: "lower logBytesMax or give JetStream more storage (max_file_store)" }],
  [10052, { code: "LOG_MISCONFIGURED" }],
  [10054, { code: "LOG_MESSAGE_TOO_LARGE" }],
  [10058, { code: "LOG_MISCONFIGURED", remedy: "another service has other settings for the log: make them alike" }],
  [10065, { code: "LOG_MISCONFIGURED", remedy: "another stream takes our subjects: choose another namespace" }],
  [10074, { code: "LOG_MISCONFIGURED", remedy: "logReplicas above 1 needs a cluster of servers" }],
]);

/**
 * Our error for one of the client's or the server's. What is not known to be final is taken as an outage: retriable.
 * @param doing what was tried, for people: "appending to FS_VIEW".
 */
export function translate(error: unknown, doing: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const message = `${doing}: ${messageOf(error)}`;
  if (error instanceof JetStreamApiError) {
    const refusal = REFUSALS.get(error.code);
    if (refusal !== undefined) return new OperatingError(refusal.code, message, { ...refusal, cause: error });
  }
  return new OperatingError("LOG_UNAVAILABLE", message, { retriable: true, cause: error });
}

export function unavailable(message: string): OperatingError {
  return new OperatingError("LOG_UNAVAILABLE", message, { retriable: true });
}
