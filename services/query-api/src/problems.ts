import { type ErrorCode, OperatingError } from "@farmscope/runtime";
import type { Problem } from "./schemas/index.ts";

interface Kind {
  readonly status: number;
  readonly title: string;
}

/** How our error codes look from outside. A code that is not here is a fault of ours: 500. */
const KINDS: Partial<Record<ErrorCode, Kind>> = {
  REQUEST_INVALID: { status: 400, title: "The request is not understood" },
  UNAUTHENTICATED: { status: 401, title: "Who are you?" },
  FORBIDDEN: { status: 403, title: "The token's role does not allow this" },
  NOT_FOUND: { status: 404, title: "There is no such thing" },
  NOT_ACCEPTABLE: { status: 406, title: "There is no such representation" },
  NOT_RETAINED: { status: 410, title: "That moment is no longer retained" },
  QUERY_TOO_LARGE: { status: 422, title: "The answer would be too large" },
  OVERLOADED: { status: 503, title: "Too many requests at once" },
  VIEW_NOT_READY: { status: 503, title: "The view is not there yet" },
  STORE_UNAVAILABLE: { status: 503, title: "The view store cannot be reached" },
  LOG_UNAVAILABLE: { status: 503, title: "The event log cannot be reached" },
  COORDINATION_UNAVAILABLE: { status: 503, title: "The coordination service cannot be reached" },
  TIMEOUT: { status: 504, title: "It took too long" },
};
const OTHER: Kind = { status: 500, title: "A fault of the query API" };

/** Faults of a request, each by the field it is about. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

/** A request that is not understood, with every fault that was found. */
export class RequestInvalid extends OperatingError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super("REQUEST_INVALID", faults.map((fault) => `${fault.field}: ${fault.message}`).join("; "), {
      remedy: "see /docs",
    });
    this.faults = faults;
  }
}

export function notFound(what: string, name: string): OperatingError {
  return new OperatingError("NOT_FOUND", `there is no ${what} "${name}"`);
}

/** The RFC 9457 document for an error. The text of an error that is not ours stays inside. */
export function problemOf(error: unknown, instance: string): Problem {
  const code = error instanceof OperatingError ? error.code : "INTERNAL";
  const kind = (code === "INTERNAL" ? undefined : KINDS[code]) ?? OTHER;
  const known = error instanceof OperatingError;
  return {
    type: `urn:farmscope:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title: kind.title,
    status: kind.status,
    code,
    detail: known ? error.message : "see the log of the query API",
    instance,
    ...(known && error.remedy !== undefined ? { remedy: error.remedy } : {}),
    ...(error instanceof RequestInvalid ? { errors: [...error.faults] } : {}),
  };
}
