import { randomUUID } from "node:crypto";
import type { ControlAppender, LiveControl } from "@farmscope/control";
import type { ControlBody } from "@farmscope/domain";
import { parseTime } from "../period.ts";
import { type Fault, RequestInvalid } from "../problems.ts";

/**
 * Puts what people ask into fs.control, and waits until the book says it, so that whoever asked sees it at once.
 * @returns position of the record.
 * @throws {OperatingError} REQUEST_INVALID; LOG_UNAVAILABLE, TIMEOUT (retriable).
 */
export async function appendControl(
  control: ControlAppender,
  controlled: LiveControl,
  body: ControlBody,
  by: string,
): Promise<number> {
  const appended = await control.append(body, { by });
  if (appended.kind === "invalid") throw new RequestInvalid(appended.faults);
  await controlled.refresh();
  return appended.position;
}

/** An id for something that has none yet. */
export function newId(): string {
  return randomUUID();
}

/** Times of a body by field, with all their faults at once; those that are not given stay what they are by default. */
export function parseTimes<Field extends string>(
  given: Readonly<Record<Field, string | undefined>>,
  otherwise: Readonly<Record<Field, number>>,
): Record<Field, number> {
  const faults: Fault[] = [];
  const times: Record<Field, number> = { ...otherwise };
  for (const [field, text] of Object.entries(given) as [Field, string | undefined][]) {
    if (text === undefined) continue;
    const ms = parseTime(text);
    if (ms === null || ms < 0) faults.push({ field, message: "is no time that is understood" });
    else times[field] = Math.floor(ms);
  }
  if (faults.length > 0) throw new RequestInvalid(faults);
  return times;
}
