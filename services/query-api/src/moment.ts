import type { Moment } from "@farmscope/history";
import { parseTime } from "./period.ts";
import { RequestInvalid } from "./problems.ts";

/**
 * "@1234" as a position, everything else as a time; null when nothing was asked for: now.
 * @throws {OperatingError} REQUEST_INVALID.
 */
export function parseMoment(text: string | undefined, field = "at"): Moment | null {
  if (text === undefined) return null;
  if (text.startsWith("@")) return { kind: "position", position: Number(text.slice(1)) };
  const ms = parseTime(text);
  if (ms === null) throw new RequestInvalid([{ field, message: "is not understood" }]);
  return { kind: "time", ms };
}
