import type { Target } from "@farmscope/alerting-core";
import { type Clock, OperatingError } from "@farmscope/runtime";
import { addressOf, POST_TIMEOUT_MS, post } from "../http-post.ts";
import type { DeliveryAnswer, DeliveryRequest, Notifier } from "../port.ts";

/** Source: PagerDuty, "Events API v2 overview"; accounts in the EU use events.eu.pagerduty.com. */
export const PAGERDUTY_URL = "https://events.pagerduty.com/v2/";
/** Source: PagerDuty, "Send an alert event": an integration key has 32 characters. */
const ROUTING_KEY = /^[A-Za-z0-9]{32}$/;

export interface PagerDutyOptions {
  readonly target: Target;
  /** The integration key: a secret, neither logged nor recorded. */
  readonly routingKey: string;
  /** Where `enqueue` and `change/enqueue` are. Default {@link PAGERDUTY_URL}. */
  readonly url?: string;
  readonly clock: Clock;
  /** Default {@link POST_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/**
 * Sends to PagerDuty's Events API v2: alert events, and change events where nobody is to be paged.
 * @throws {OperatingError} CONFIG_INVALID by the constructor, for a key or an address that is none.
 */
export class PagerDutyNotifier implements Notifier {
  readonly target: Target;
  /**
   * About 120 calls a minute and key, "over a 60 second window looking back"; the window is a second wider here, for it is
   * theirs that counts. Source: PagerDuty, "Events API rate limits".
   */
  readonly budget = { requestsMax: 120, spanMs: 61_000 };
  readonly #options: PagerDutyOptions;
  readonly #base: string;

  constructor(options: PagerDutyOptions) {
    const { target, routingKey, url = PAGERDUTY_URL } = options;
    if (!ROUTING_KEY.test(routingKey)) {
      throw new OperatingError("CONFIG_INVALID", `the routing key of ${target.name} is not 32 letters and digits`, {
        remedy: "copy the Integration Key of an Events API v2 integration of the service",
      });
    }
    this.target = target;
    this.#options = options;
    const base = addressOf(url, `the address of ${target.name}`).url.replace(/(\/enqueue)?\/*$/, "");
    this.#base = base;
  }

  async send({ body, idempotencyKey }: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer> {
    const { routingKey, clock, timeoutMs = POST_TIMEOUT_MS } = this.#options;
    const event = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const url = `${this.#base}${"event_action" in event ? "/enqueue" : "/change/enqueue"}`;
    const whole = new TextEncoder().encode(JSON.stringify({ routing_key: routingKey, ...event }));
    const headers = {
      "content-type": "application/json",
      "user-agent": "farmscope",
      "idempotency-key": idempotencyKey,
    };
    const secrets = [routingKey];
    return await post({ kind: "pagerduty", url, headers, body: whole, clock, timeoutMs, secrets }, signal);
  }
}
