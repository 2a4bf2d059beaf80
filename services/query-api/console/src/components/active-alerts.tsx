import { useState } from "preact/hooks";
import type { AlertEventLine } from "../../../src/schemas/index.ts";
import { acknowledge, silence } from "../api.ts";
import { formatDuration, formatMoment, formatNines } from "../format.ts";
import { ActionError, useAction } from "./action.tsx";
import { alertLink, TransitionBadge } from "./alert-lines.tsx";

const SILENCE_LENGTHS = { "30 min": 30, "2 h": 120, "8 h": 480, "1 d": 1_440 } as const;

/** What is pending or firing, with what can be done about each. */
export function ActiveAlerts({ active, onChange }: { active: readonly AlertEventLine[]; onChange: () => void }) {
  if (active.length === 0) return <p class="empty">Nothing is pending or firing. All is quiet.</p>;
  return (
    <ul class="active-alerts">
      {active.map((event) => (
        <ActiveAlert key={event.alertKey} event={event} onChange={onChange} />
      ))}
    </ul>
  );
}

function ActiveAlert({ event, onChange }: { readonly event: AlertEventLine; readonly onChange: () => void }) {
  const [comment, setComment] = useState("");
  const [minutes, setMinutes] = useState("120");
  const [done, setDone] = useState<string | null>(null);
  const action = useAction(onChange);
  const isFiring = event.transition !== "pending";
  return (
    <li>
      <div class="alert-head">
        <TransitionBadge event={event} /> <b>{event.annotations["summary"] ?? event.alertKey}</b>
      </div>
      <p class="quiet">
        {event.alertKey} · since {formatMoment(event.sinceMs)} ({formatDuration(Date.now() - event.sinceMs)}) · value
        between {bound(event.lower)} and {bound(event.upper)} · coverage {formatNines(event.coverage)}
      </p>
      {event.annotations["detail"] !== undefined && <p class="quiet">{event.annotations["detail"]}</p>}
      <div class="buttons">
        <a href={alertLink(event)}>look at it</a>
        {event.annotations["runbook"] !== undefined && <a href={event.annotations["runbook"]}>runbook</a>}
        {isFiring && (
          <button
            type="button"
            disabled={action.isUnderWay}
            onClick={() =>
              action.run(async () => {
                await acknowledge(event.incident, comment);
                setDone("acknowledged");
              })
            }
          >
            acknowledge
          </button>
        )}
        <button
          type="button"
          disabled={action.isUnderWay}
          onClick={() =>
            action.run(async () => {
              await silence({
                matchers: matchersOf(event),
                ends: new Date(Date.now() + Number(minutes) * 60_000).toISOString(),
                ...(comment === "" ? {} : { comment }),
              });
              setDone("silenced");
            })
          }
        >
          silence for
        </button>
        <select
          aria-label="Length of the silence"
          value={minutes}
          onChange={(change) => setMinutes(change.currentTarget.value)}
        >
          {Object.entries(SILENCE_LENGTHS).map(([title, length]) => (
            <option key={title} value={length}>
              {title}
            </option>
          ))}
        </select>
        <input
          aria-label="Comment"
          placeholder="why, for the others"
          maxLength={2_000}
          value={comment}
          onInput={(change) => setComment(change.currentTarget.value)}
        />
        {done !== null && <span class="badge good">{done}</span>}
      </div>
      <ActionError action={action} />
    </li>
  );
}

const bound = (value: number | null): string => (value === null ? "∞" : String(Number(value.toPrecision(4))));

/** Exactly this alert: its rule and all of its labels. */
function matchersOf(event: AlertEventLine) {
  const labels = { alertname: event.rule, ...event.labels };
  return Object.entries(labels).map(([label, value]) => ({ label, kind: "=" as const, value }));
}
