import type { AlertEvent } from "@farmscope/proto";
import { type Clock, OperatingError } from "@farmscope/runtime";
import type { DeliveryAnswer, DeliveryRequest, Notifier } from "../port.ts";
import { retryAfterMs } from "../retry-after.ts";
import { webhookBody } from "./payload.ts";
import { signatureOf } from "./signature.ts";
import { webhookVerdict } from "./verdicts.ts";

/** Longest time that one attempt may take, in milliseconds. */
export const WEBHOOK_TIMEOUT_MS = 10_000;

export interface WebhookOptions {
  /** A secret: it is neither logged nor recorded. */
  readonly url: string;
  /** Key of the signature; "" sends none. */
  readonly secret: string;
  readonly clock: Clock;
  /** Default {@link WEBHOOK_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/**
 * Posts events as JSON, signed (farmscope-signature, farmscope-timestamp), each under its idempotency key.
 * @throws {OperatingError} CONFIG_INVALID by the constructor, for an address that is none.
 */
export class WebhookNotifier implements Notifier {
  readonly target = "webhook";
  readonly #url: string;
  readonly #authorization: string | null;
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(options: WebhookOptions) {
    const { url, authorization } = addressOf(options.url);
    this.#url = url;
    this.#authorization = authorization;
    this.#secret = options.secret;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? WEBHOOK_TIMEOUT_MS;
  }

  render(event: AlertEvent, idempotencyKey: string): Uint8Array<ArrayBuffer> {
    return webhookBody(event, idempotencyKey);
  }

  async send(request: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer> {
    const deadline = new AbortController();
    const timer = new AbortController();
    const expiry = this.#clock.sleep(this.#timeoutMs, timer.signal).then(
      () => deadline.abort(),
      () => undefined,
    );
    try {
      return await this.#post(request, AbortSignal.any([signal, deadline.signal]));
    } catch (error) {
      if (signal.aborted) return answer("unknown", "ended by our own stop");
      if (deadline.signal.aborted) return answer("retry", `no answer within ${this.#timeoutMs} ms`);
      return answer("retry", `no answer: ${networkReason(error)}`);
    } finally {
      timer.abort();
      await expiry;
    }
  }

  async #post(request: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: this.#headers(request),
      body: request.body,
      redirect: "manual",
      signal,
    });
    await response.body?.cancel();
    const { verdict, reason } = webhookVerdict(response.status);
    const askedMs = retryAfterMs(response.headers.get("retry-after"), this.#clock.nowMs());
    return { verdict, httpStatus: response.status, detail: reason, retryAfterMs: verdict === "retry" ? askedMs : null };
  }

  #headers(request: DeliveryRequest): Record<string, string> {
    const timestampS = Math.floor(this.#clock.nowMs() / 1000);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "farmscope",
      "idempotency-key": request.idempotencyKey,
      "farmscope-timestamp": String(timestampS),
    };
    if (this.#secret !== "") headers["farmscope-signature"] = signatureOf(this.#secret, timestampS, request.body);
    if (this.#authorization !== null) headers["authorization"] = this.#authorization;
    return headers;
  }
}

function answer(verdict: "retry" | "unknown", detail: string): DeliveryAnswer {
  return { verdict, httpStatus: 0, detail, retryAfterMs: null };
}

/** Only the code: messages of network errors hold addresses. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "the connection failed";
}

/** fetch refuses addresses with a user and password inside: they become the header that they stand for. */
function addressOf(text: string): { readonly url: string; readonly authorization: string | null } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new OperatingError("CONFIG_INVALID", "webhookUrl is not an http or https address", {
      remedy: "set FARMSCOPE_WEBHOOK_URL to the receiver's full address, such as https://example.com/hook",
    });
  }
  if (url.username === "" && url.password === "") return { url: url.href, authorization: null };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  return { url: url.href, authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}
