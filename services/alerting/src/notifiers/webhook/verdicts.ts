import type { DeliveryVerdict } from "../port.ts";

export interface VerdictRow {
  /** Statuses from and to, both included. */
  readonly from: number;
  readonly to: number;
  readonly verdict: Exclude<DeliveryVerdict, "unknown">;
  readonly reason: string;
}

/** What each HTTP status of a webhook means; the first row that holds it counts. Source: RFC 9110, section 15; RFC 6585. */
export const WEBHOOK_VERDICTS: readonly VerdictRow[] = [
  { from: 200, to: 299, verdict: "delivered", reason: "accepted" },
  { from: 300, to: 399, verdict: "rejected", reason: "redirects are not followed: the signature is for one receiver" },
  { from: 408, to: 408, verdict: "retry", reason: "the receiver waited too long for us" },
  { from: 410, to: 410, verdict: "target-disabled", reason: "the receiver is gone for good" },
  { from: 425, to: 425, verdict: "retry", reason: "too early" },
  { from: 429, to: 429, verdict: "retry", reason: "too many requests" },
  { from: 400, to: 499, verdict: "rejected", reason: "the receiver refuses this message" },
  { from: 501, to: 501, verdict: "rejected", reason: "the receiver cannot do this" },
  { from: 505, to: 505, verdict: "rejected", reason: "the receiver does not speak this HTTP" },
  { from: 500, to: 599, verdict: "retry", reason: "the receiver is in trouble" },
];

/** The row of a status; what HTTP does not define is refused. */
export function webhookVerdict(status: number): Pick<VerdictRow, "verdict" | "reason"> {
  const row = WEBHOOK_VERDICTS.find(({ from, to }) => from <= status && status <= to);
  return row ?? { verdict: "rejected", reason: "not a final HTTP status" };
}
