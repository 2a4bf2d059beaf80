import type { TargetKind } from "@farmscope/alerting-core";
import type { DeliveryVerdict } from "./port.ts";

export type StatusVerdict = Exclude<DeliveryVerdict, "unknown">;

export interface VerdictRow extends Readonly<Record<TargetKind, StatusVerdict>> {
  /** Statuses from and to, both included; 0 is no answer. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

const all = (verdict: StatusVerdict) => ({ pagerduty: verdict, slack: verdict, webhook: verdict });

/**
 * What each HTTP status of each kind of target means; the first row that holds it counts. docs/notifiers.md has the same
 * table, and a test compares them.
 *
 * Sources: RFC 9110, section 15, and RFC 6585; "Response Codes & Retry Logic" of PagerDuty's Events API v2 overview (202
 * accepted, 400 never, 429 and 5xx later); Slack's "Handling errors" of incoming webhooks (403, 404, 410 are for good).
 */
export const VERDICTS: readonly VerdictRow[] = [
  { from: 0, to: 0, ...all("retry"), reason: "no answer" },
  { from: 200, to: 299, ...all("delivered"), reason: "accepted" },
  { from: 300, to: 399, ...all("rejected"), reason: "redirects are not followed: a secret is for one receiver" },
  { from: 400, to: 400, ...all("rejected"), reason: "the receiver refuses this message" },
  {
    from: 401,
    to: 401,
    ...all("target-disabled"),
    webhook: "rejected",
    reason: "the receiver does not know us",
  },
  {
    from: 403,
    to: 404,
    ...all("target-disabled"),
    webhook: "rejected",
    reason: "the receiver does not let us in, or is not there",
  },
  { from: 408, to: 408, ...all("retry"), reason: "the receiver waited too long for us" },
  { from: 410, to: 410, ...all("target-disabled"), reason: "the receiver is gone for good" },
  { from: 425, to: 425, ...all("retry"), reason: "too early" },
  { from: 429, to: 429, ...all("retry"), reason: "too many requests" },
  { from: 402, to: 499, ...all("rejected"), reason: "the receiver refuses this message" },
  { from: 501, to: 501, ...all("retry"), webhook: "rejected", reason: "the receiver cannot do this" },
  { from: 505, to: 505, ...all("retry"), webhook: "rejected", reason: "the receiver does not speak this HTTP" },
  { from: 500, to: 599, ...all("retry"), reason: "the receiver is in trouble" },
];

/** The verdict on a status; what HTTP does not define is refused. */
export function verdictOf(
  kind: TargetKind,
  status: number,
): { readonly verdict: StatusVerdict; readonly reason: string } {
  const row = VERDICTS.find(({ from, to }) => from <= status && status <= to);
  return row === undefined
    ? { verdict: "rejected", reason: "not a final HTTP status" }
    : { verdict: row[kind], reason: row.reason };
}
