import type { Target } from "@farmscope/alerting-core";
import type { Clock } from "@farmscope/runtime";
import { addressOf, POST_TIMEOUT_MS, post } from "../http-post.ts";
import type { DeliveryAnswer, DeliveryRequest, Notifier } from "../port.ts";
import { signatureOf } from "./signature.ts";

export interface WebhookOptions {
  readonly target: Target;
  /** A secret: it is neither logged nor recorded. */
  readonly url: string;
  /** Key of the signature; "" sends none. */
  readonly secret: string;
  readonly clock: Clock;
  /** Default {@link POST_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/**
 * Posts alerts as JSON, signed (farmscope-signature, farmscope-timestamp), each under its idempotency key.
 * @throws {OperatingError} CONFIG_INVALID by the constructor, for an address that is none.
 */
export class WebhookNotifier implements Notifier {
  readonly target: Target;
  readonly budget = null;
  readonly #options: WebhookOptions;
  readonly #url: string;
  readonly #authorization: string | null;

  constructor(options: WebhookOptions) {
    const { url, authorization } = addressOf(options.url, `the address of ${options.target.name}`);
    this.target = options.target;
    this.#options = options;
    this.#url = url;
    this.#authorization = authorization;
  }

  async send(request: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer> {
    const { secret, clock, timeoutMs = POST_TIMEOUT_MS } = this.#options;
    const { body } = request;
    const secrets = [secret, this.#url];
    const headers = this.#headers(request);
    return await post({ kind: "webhook", url: this.#url, headers, body, clock, timeoutMs, secrets }, signal);
  }

  #headers(request: DeliveryRequest): Record<string, string> {
    const { clock, secret } = this.#options;
    const timestampS = Math.floor(clock.nowMs() / 1000);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "farmscope",
      "idempotency-key": request.idempotencyKey,
      "farmscope-timestamp": String(timestampS),
    };
    if (secret !== "") headers["farmscope-signature"] = signatureOf(secret, timestampS, request.body);
    if (this.#authorization !== null) headers["authorization"] = this.#authorization;
    return headers;
  }
}
