/** One POST to a receiver, and what it came to, with nothing secret in it. */
import type { TargetKind } from "@farmscope/alerting-core";
import { type Clock, OperatingError } from "@farmscope/runtime";
import type { DeliveryAnswer } from "./port.ts";
import { retryAfterMs } from "./retry-after.ts";
import { verdictOf } from "./verdicts.ts";

/** Longest time that one attempt may take, in milliseconds. */
export const POST_TIMEOUT_MS = 10_000;
/** Most bytes of an answer that are read, and most characters of it that are told. */
const ANSWER_BYTES_MAX = 4_096;
const DETAIL_LENGTH_MAX = 200;

export interface PostOptions {
  readonly kind: TargetKind;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Never to be told, whatever the receiver answers. */
  readonly secrets: readonly string[];
  /** Judges what a status alone does not tell. */
  readonly isAccepted?: (text: string) => boolean;
}

/** @param signal our own: what came of the attempt is then unknown. */
export async function post(options: PostOptions, signal: AbortSignal): Promise<DeliveryAnswer> {
  const { clock, timeoutMs } = options;
  const deadline = new AbortController();
  const timer = new AbortController();
  const expiry = clock.sleep(timeoutMs, timer.signal).then(
    () => deadline.abort(),
    () => undefined,
  );
  try {
    return await attempt(options, AbortSignal.any([signal, deadline.signal]));
  } catch (error) {
    if (signal.aborted) return noAnswer("unknown", "ended by our own stop");
    if (deadline.signal.aborted) return noAnswer("retry", `no answer within ${timeoutMs} ms`);
    return noAnswer("retry", `no answer: ${networkReason(error)}`);
  } finally {
    timer.abort();
    await expiry;
  }
}

async function attempt(options: PostOptions, signal: AbortSignal): Promise<DeliveryAnswer> {
  const { kind, url, headers, body, clock, secrets, isAccepted } = options;
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  const text = await beginningOf(response);
  const { verdict, reason } = verdictOf(kind, response.status);
  const { status: httpStatus } = response;
  if (verdict === "delivered") {
    const accepted = isAccepted?.(text) ?? true;
    if (accepted) return { verdict, httpStatus, detail: reason, retryAfterMs: null };
    return { verdict: "retry", httpStatus, detail: told("not the vendor's answer", text, secrets), retryAfterMs: null };
  }
  const askedMs = verdict === "retry" ? retryAfterMs(response.headers.get("retry-after"), clock.nowMs()) : null;
  return { verdict, httpStatus, detail: told(reason, text, secrets), retryAfterMs: askedMs };
}

/** The status is the answer: what is lost of the text behind it changes nothing. */
async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    return "";
  }
  return Buffer.concat(chunks).toString("utf8", 0, ANSWER_BYTES_MAX);
}

/** A receiver may repeat to us what we sent: secrets and addresses are left out before anything is kept. */
function told(reason: string, text: string, secrets: readonly string[]): string {
  let safe = text.toWellFormed();
  for (const secret of secrets) if (secret !== "") safe = safe.replaceAll(secret, "[redacted]");
  safe = safe
    .replaceAll(/https?:\/\/\S+/g, "[address]")
    .replaceAll(/\s+/g, " ")
    .trim();
  return safe === "" ? reason : `${reason}: ${safe.slice(0, DETAIL_LENGTH_MAX)}`;
}

function noAnswer(verdict: "retry" | "unknown", detail: string): DeliveryAnswer {
  return { verdict, httpStatus: 0, detail, retryAfterMs: null };
}

/** Only the code: messages of network errors hold addresses. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "the connection failed";
}

/**
 * A receiver's address; fetch refuses one with a user and password inside, which become the header that they stand for.
 * @param what for the message, which never repeats the address.
 * @throws {OperatingError} CONFIG_INVALID when it is none.
 */
export function addressOf(text: string, what: string): { readonly url: string; readonly authorization: string | null } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new OperatingError("CONFIG_INVALID", `${what} is not an http or https address`, {
      remedy: "give the receiver's full address, such as https://example.com/hook",
    });
  }
  if (url.username === "" && url.password === "") return { url: url.href, authorization: null };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  return { url: url.href, authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}
