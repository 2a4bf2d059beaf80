import { transitionName } from "@farmscope/alerting-core";
import { type AlertEvent, Severity } from "@farmscope/proto";

/** Version of the body; it rises when a field changes its meaning. */
const BODY_VERSION = 1;

const SEVERITY_NAMES: Readonly<Record<number, string>> = {
  [Severity.WARNING]: "warning",
  [Severity.CRITICAL]: "critical",
};

/**
 * The JSON body of an event. Times are Unix milliseconds of event time. A number that is not finite is null: an unknown
 * value, or a bound that is none.
 */
export function webhookBody(event: AlertEvent, idempotencyKey: string): Uint8Array<ArrayBuffer> {
  const body = {
    version: BODY_VERSION,
    id: idempotencyKey,
    alert: event.rule,
    alert_key: event.alertKey,
    incident: event.incident,
    transition: transitionName(event.transition),
    reason: event.reason,
    severity: SEVERITY_NAMES[event.severity] ?? null,
    value: event.value,
    lower: event.lower,
    upper: event.upper,
    coverage: event.coverage,
    since_ms: Number(event.sinceMs),
    at_ms: Number(event.atMs),
    labels: event.labels,
    annotations: event.annotations,
    view_position: Number(event.viewPosition),
  };
  return new TextEncoder().encode(JSON.stringify(body));
}
