import { messageOf, OperatingError } from "@farmscope/runtime";

/** Our error for whatever the client threw: an outage, since nothing here is final. */
export function translate(error: unknown, doing: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const message = `${doing}: ${messageOf(error)}`;
  return new OperatingError("COORDINATION_UNAVAILABLE", message, { retriable: true, cause: error });
}
