/**
 * The two kinds of error that are thrown. (The third kind, an outcome, is part of an answer and never thrown.)
 */

/**
 * An operating error: something outside this process is not as it should be.
 *
 * `code` is stable and documented in docs/errors.md (a test compares both ways); `retriable` tells whether the same
 * call may succeed later; `cause` keeps what was underneath; `remedy` tells a person the way out.
 */
export class OperatingError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: OperatingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "OperatingError";
    this.code = code;
    this.retriable = options.retriable ?? false;
    this.remedy = options.remedy;
  }
}

export interface OperatingErrorOptions {
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly remedy?: string;
}

/** Every code that may be thrown; docs/errors.md has a row for each. */
export const ERROR_CODES = [
  "CONFIG_INVALID",
  "USAGE",
  "ABORTED",
  "TIMEOUT",
  "LOG_UNAVAILABLE",
  "LOG_MISCONFIGURED",
  "LOG_TRUNCATED",
  "LOG_MESSAGE_TOO_LARGE",
  "CHECKPOINT_UNREADABLE",
  "STORE_UNAVAILABLE",
  "STORE_FENCED",
  "STORE_COMMIT_TOO_LARGE",
  "COORDINATION_UNAVAILABLE",
  "BPF_UNAVAILABLE",
  "BPF_LOAD_FAILED",
  "SOURCE_UNREADABLE",
  "TRACE_CORRUPT",
  "ALREADY_RUNNING",
  "CHILD_FAILED",
  "TOOL_MISSING",
  "RULES_INVALID",
  "ROUTING_INVALID",
  "HTTP_LISTEN_FAILED",
  "REQUEST_INVALID",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "NOT_ACCEPTABLE",
  "NOT_RETAINED",
  "QUERY_TOO_LARGE",
  "OVERLOADED",
  "VIEW_NOT_READY",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * Programmer error: the process dies and its supervisor restarts it. On in production.
 * @throws {Error} always, when `condition` is false.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The message of whatever was thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
