import type { AlertEventLine, AlertsAnswer } from "../../../src/schemas/index.ts";
import { formatMoment } from "../format.ts";
import { linkTo, momentText } from "../route.ts";
import type { Polled } from "../use-poll.ts";
import { Waiting } from "./bits.tsx";

/** What a change in an alert's life is called, with the sign that says it without colour. */
const TRANSITIONS: Readonly<Record<AlertEventLine["transition"], string>> = {
  pending: "◔ pending",
  firing: "● firing",
  escalated: "▲ escalated",
  deescalated: "▽ de-escalated",
  resolved: "✓ resolved",
  cancelled: "○ cancelled",
};

export function TransitionBadge({ event }: { readonly event: AlertEventLine }) {
  const isOver = event.transition === "resolved" || event.transition === "cancelled";
  const tone = isOver ? "good" : event.severity === "critical" ? "bad" : "warning";
  return (
    <span class={`badge ${tone}`}>
      {TRANSITIONS[event.transition]}
      {event.severity !== null && !isOver && ` · ${event.severity}`}
    </span>
  );
}

/** Where an alert's own node or farm is seen at the moment that it is about. */
export function alertLink(event: AlertEventLine): string {
  const { farm, node } = event.labels;
  const query = { at: momentText(event.atMs) };
  if (node !== undefined) return linkTo("nodes", node, query);
  return farm === undefined ? linkTo("alerts") : linkTo("farms", farm, query);
}

/** The newest changes, a line each. */
export function AlertLines({ answer, limit, farm }: { answer: Polled<AlertsAnswer>; limit: number; farm?: string }) {
  if (answer.value === null)
    return <Waiting polled={answer} empty="Alerts are not kept here." what="Reading alerts…" />;
  const events = answer.value.events
    .filter((event) => event.transition !== "pending" && event.transition !== "cancelled")
    .filter((event) => farm === undefined || event.labels["farm"] === farm)
    .slice(0, limit);
  if (events.length === 0) return <p class="empty">Nothing has fired so far.</p>;
  return (
    <ul class="alerts">
      {events.map((event) => (
        <li key={event.id}>
          <a href={alertLink(event)}>
            <time>{formatMoment(event.atMs)}</time>
          </a>{" "}
          <TransitionBadge event={event} />
          <div>{event.annotations["summary"] ?? event.alertKey}</div>
        </li>
      ))}
    </ul>
  );
}
