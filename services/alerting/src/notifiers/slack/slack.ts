import type { Target } from "@farmscope/alerting-core";
import type { Clock } from "@farmscope/runtime";
import { addressOf, POST_TIMEOUT_MS, post } from "../http-post.ts";
import type { DeliveryAnswer, DeliveryRequest, Notifier } from "../port.ts";

export interface SlackOptions {
  readonly target: Target;
  /** The address of an incoming webhook: a secret, neither logged nor recorded. */
  readonly url: string;
  readonly clock: Clock;
  /** Default {@link POST_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/**
 * Posts to a Slack incoming webhook.
 * @throws {OperatingError} CONFIG_INVALID by the constructor, for an address that is none.
 */
export class SlackNotifier implements Notifier {
  readonly target: Target;
  /**
   * One message a second, with short bursts. Source: Slack, "Rate limits", where going on regardless is said to end with
   * the app disabled.
   */
  readonly budget = { requestsMax: 3, spanMs: 3_000 };
  readonly #options: SlackOptions;
  readonly #url: string;

  constructor(options: SlackOptions) {
    this.target = options.target;
    this.#options = options;
    this.#url = addressOf(options.url, `the address of ${options.target.name}`).url;
  }

  async send({ body }: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer> {
    const { clock, timeoutMs = POST_TIMEOUT_MS } = this.#options;
    const url = this.#url;
    const headers = { "content-type": "application/json", "user-agent": "farmscope" };
    const secrets = [url, new URL(url).pathname];
    return await post({ kind: "slack", url, headers, body, clock, timeoutMs, secrets, isAccepted }, signal);
  }
}

/** Success is 200 with the body "ok"; a body that was lost says nothing against it. */
function isAccepted(text: string): boolean {
  return text === "" || text.trim() === "ok";
}
