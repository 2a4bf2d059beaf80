/** Bodies of the generic webhook: one alert each, everything that is known of it. */
import { type NoticeLine, severityName, transitionName } from "@farmscope/domain";
import { finite, jsonBytes } from "./cut.ts";
import { linksOf } from "./links.ts";
import type { Message } from "./message.ts";

/** Version of the body; it rises when a field changes its meaning. */
const BODY_VERSION = 1;

/**
 * The JSON body for one alert. Times are Unix milliseconds of event time. A number that is not finite is null: an
 * unknown value, or a bound that is none.
 */
export function webhookBody(message: Message, idempotencyKey: string): Uint8Array<ArrayBuffer> {
  const [{ event, reason }] = message.lines as readonly [NoticeLine];
  return jsonBytes({
    version: BODY_VERSION,
    id: idempotencyKey,
    alert: event.rule,
    alert_key: event.alertKey,
    incident: event.incident,
    transition: transitionName(event.transition),
    reason: event.reason,
    notification: reason,
    severity: severityName(event.severity),
    signal: event.signal,
    value: finite(event.value),
    lower: finite(event.lower),
    upper: finite(event.upper),
    coverage: event.coverage,
    since_ms: Number(event.sinceMs),
    at_ms: Number(event.atMs),
    labels: event.labels,
    annotations: event.annotations,
    culprits: event.culprits.map(({ node, cgroup, value }) => ({ node, cgroup, value: finite(value) })),
    changes: message.changes.map(({ atMs, text, url }) => ({ at_ms: atMs, text, url })),
    links: linksOf(event, message),
    view_position: Number(event.viewPosition),
  });
}
