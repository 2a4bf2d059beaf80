import { useMemo } from "preact/hooks";
import type { AlertEventLine, Annotation } from "../../../src/schemas/index.ts";
import { formatDuration, formatMoment } from "../format.ts";
import { alertLink } from "./alert-lines.tsx";

/** A stretch of an alert's life in one state. */
export interface Stretch {
  readonly event: AlertEventLine;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Lane {
  readonly alertKey: string;
  readonly stretches: readonly Stretch[];
}

/** The lives of alerts in a period, one lane each, the last to change first; what is not over goes on to its end. */
export function lanesOf(events: readonly AlertEventLine[], fromMs: number, toMs: number): Lane[] {
  const byKey = Map.groupBy(
    [...events].sort((a, b) => a.atMs - b.atMs),
    (event) => event.alertKey,
  );
  const lanes = [...byKey].map(([alertKey, all]) => ({
    alertKey,
    stretches: all
      .map((event, index) => ({ event, fromMs: event.atMs, toMs: all[index + 1]?.atMs ?? toMs }))
      .filter(({ event }) => event.transition !== "resolved" && event.transition !== "cancelled")
      .filter((stretch) => stretch.toMs > fromMs && stretch.fromMs < toMs)
      .map((stretch) => ({ ...stretch, fromMs: Math.max(fromMs, stretch.fromMs), toMs: Math.min(toMs, stretch.toMs) })),
  }));
  return lanes
    .filter((lane) => lane.stretches.length > 0)
    .sort((a, b) => (b.stretches.at(-1)?.toMs ?? 0) - (a.stretches.at(-1)?.toMs ?? 0));
}

const LANES_MAX = 24;
const TICKS = 4;

/** Alerts over time: a bar while pending, thin, and while firing, thick, by severity; changes as marks above. */
export function AlertTimeline(props: {
  readonly events: readonly AlertEventLine[];
  readonly annotations: readonly Annotation[];
  readonly fromMs: number;
  readonly toMs: number;
}) {
  const { events, annotations, fromMs, toMs } = props;
  const lanes = useMemo(() => lanesOf(events, fromMs, toMs), [events, fromMs, toMs]);
  const place = (ms: number): number => (100 * (ms - fromMs)) / (toMs - fromMs);
  if (lanes.length === 0 && annotations.length === 0)
    return <p class="empty">No alert was pending or firing in this period.</p>;
  return (
    <div class="timeline">
      {annotations.length > 0 && (
        <div class="lane changes">
          <span class="lane-name">changes</span>
          <div class="lane-track">
            {annotations.map((annotation) => (
              <span
                key={annotation.id}
                class="mark"
                style={{ left: `${place(Math.max(fromMs, annotation.atMs))}%` }}
                title={`${formatMoment(annotation.atMs)}: ${annotation.text} (${annotation.by})`}
              />
            ))}
          </div>
        </div>
      )}
      {lanes.slice(0, LANES_MAX).map((lane) => (
        <div class="lane" key={lane.alertKey}>
          <span class="lane-name" title={lane.alertKey}>
            {lane.alertKey}
          </span>
          <div class="lane-track">
            {lane.stretches.map(({ event, fromMs: from, toMs: to }) => (
              <a
                key={event.id}
                href={alertLink(event)}
                class={`stretch ${event.transition === "pending" ? "pending" : (event.severity ?? "warning")}`}
                style={{ left: `${place(from)}%`, width: `max(4px, ${place(to) - place(from)}%)` }}
                title={`${event.transition} ${event.severity ?? ""} for ${formatDuration(to - from)} from ${formatMoment(from)}: ${event.annotations["summary"] ?? ""}`}
              >
                <span class="hidden">
                  {event.alertKey} {event.transition} at {formatMoment(event.atMs)}
                </span>
              </a>
            ))}
          </div>
        </div>
      ))}
      <div class="lane ticks" aria-hidden="true">
        <span class="lane-name" />
        <div class="lane-track">
          {Array.from({ length: TICKS + 1 }, (_, tick) => (
            <span key={tick} style={{ left: `${(100 * tick) / TICKS}%` }}>
              {formatMoment(fromMs + ((toMs - fromMs) * tick) / TICKS)}
            </span>
          ))}
        </div>
      </div>
      {lanes.length > LANES_MAX && <p class="quiet">{lanes.length - LANES_MAX} more alerts are not drawn.</p>}
      <p class="key">
        <span>
          <i class="swatch pending" /> pending
        </span>
        <span>
          <i class="swatch warning" /> firing, warning
        </span>
        <span>
          <i class="swatch critical" /> firing, critical
        </span>
        {annotations.length > 0 && (
          <span>
            <i class="swatch mark" /> a change that was announced
          </span>
        )}
      </p>
    </div>
  );
}
