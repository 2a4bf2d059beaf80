/**
 * Where notifications go. A notifier knows one vendor: how a message travels and what an answer means. It never waits to
 * try again and never throws for what the other side did: the deliver stage retries, from the result. What the message
 * says is rendered by packages/alerting-core/src/messages, without any secret; the notifier adds those.
 */
import type { Target } from "@farmscope/alerting-core";

export interface Notifier {
  readonly target: Target;
  /** What the vendor takes; null: as much as comes. */
  readonly budget: Budget | null;
  /** One attempt. @param signal ends it early; what came of it is then unknown. */
  send(request: DeliveryRequest, signal: AbortSignal): Promise<DeliveryAnswer>;
}

/** So many requests within any span of so long. */
export interface Budget {
  readonly requestsMax: number;
  readonly spanMs: number;
}

export interface DeliveryRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same for every attempt of one notification. */
  readonly idempotencyKey: string;
}

/** What one attempt came to. */
export type DeliveryVerdict =
  /** Accepted. */
  | "delivered"
  /** May succeed later. */
  | "retry"
  /** Never will: this message is refused. */
  | "rejected"
  /** Never will, nor will any other: the target is gone. */
  | "target-disabled"
  /** Ended by our own signal: unknown. */
  | "unknown";

export interface DeliveryAnswer {
  readonly verdict: DeliveryVerdict;
  /** 0 when there was no answer. */
  readonly httpStatus: number;
  /** For people: what the other side said, without addresses and secrets. */
  readonly detail: string;
  /** How long the other side asked to wait, in milliseconds; null when it did not. */
  readonly retryAfterMs: number | null;
}
