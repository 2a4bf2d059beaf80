/** Ids of everything in fs.alert: made of what they stand for, so that the same thing always has the same id. */
import { createHash } from "node:crypto";

/** The log takes keys and ids of 256 characters; this leaves room for what is put around an id. */
const ID_LENGTH_MAX = 200;
const KEPT_LENGTH = 120;
const DIGEST_LENGTH = 32;

/** A text as it is, or its beginning with its digest when it is too long for an id. */
export function boundedId(text: string): string {
  return text.length <= ID_LENGTH_MAX ? text : `${text.slice(0, KEPT_LENGTH)}~${digest(text)}`;
}

/** The id of an event: what happened to which alert at which evaluation. */
export function eventIdOf(alertKey: string, transition: string, atMs: number): string {
  return boundedId(`event/${alertKey}/${transition}/${atMs}`);
}

/** One event to one target. */
export function notificationIdOf(eventId: string, target: string): string {
  return boundedId(`${eventId}>${target}`);
}

export function intentIdOf(notificationId: string, attempt: number): string {
  return `intent/${notificationId}/${attempt}`;
}

export function outcomeIdOf(notificationId: string, attempt: number): string {
  return `outcome/${notificationId}/${attempt}`;
}

/** What a receiver sees: short, and safe in any header. */
export function idempotencyKeyOf(notificationId: string): string {
  return digest(notificationId);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, DIGEST_LENGTH);
}
