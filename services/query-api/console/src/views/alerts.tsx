import { useState } from "preact/hooks";
import { annotate, getAlerts, getAnnotations, getSilences } from "../api.ts";
import { ActionError, useAction } from "../components/action.tsx";
import { ActiveAlerts } from "../components/active-alerts.tsx";
import { AlertLines } from "../components/alert-lines.tsx";
import { AlertTimeline } from "../components/alert-timeline.tsx";
import { Card, Staleness, Waiting } from "../components/bits.tsx";
import { Deliveries } from "../components/deliveries.tsx";
import { LengthChoice, lengthOf } from "../components/period.tsx";
import { Silences } from "../components/silences.tsx";
import { momentOf, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";

const REFRESH_MS = 10_000;

/** Alerts: what is wrong now and what can be done about it, what was, and what a rule would have made of it. */
export function AlertsView({ place, alertsHeard }: { readonly place: Place; readonly alertsHeard: number }) {
  const [changes, setChanges] = useState(0);
  const changed = (): void => setChanges((count) => count + 1);
  const length = lengthOf(place);
  const toMs = momentOf(place);
  const key = `${alertsHeard}/${changes}`;
  const alerts = usePoll(getAlerts, REFRESH_MS, `alerts/${key}`);
  const silences = usePoll(getSilences, REFRESH_MS, `silences/${key}`);
  const annotations = usePoll(
    (abort) => getAnnotations({ toMs, lengthMs: length.ms }, abort),
    REFRESH_MS,
    `annotations/${key}/${length.name}/${toMs}`,
  );
  if (alerts.value === null)
    return <Waiting polled={alerts} empty="Alerts are not kept here." what="Reading alerts…" />;
  const endMs = toMs ?? Date.now();
  const firing = alerts.value.active.filter((event) => event.transition !== "pending").length;
  return (
    <>
      <h1>
        Alerts <small>{firing === 0 ? "nothing is firing" : `${firing} firing`}</small>
      </h1>
      <Staleness polled={alerts} />
      <Card title="Now">
        <ActiveAlerts active={alerts.value.active} onChange={changed} />
      </Card>
      <Card title="Timeline" tools={<LengthChoice place={place} />}>
        <AlertTimeline
          events={alerts.value.events}
          annotations={annotations.value?.annotations ?? []}
          fromMs={endMs - length.ms}
          toMs={endMs}
        />
        <AnnotationForm onChange={changed} />
      </Card>
      <div class="columns">
        <Card title="Silences">
          <Silences answer={silences} onChange={changed} />
        </Card>
        <Card title="What happened" note="newest first">
          <AlertLines answer={alerts} limit={20} />
        </Card>
      </div>
      <Card title="What was sent" note="newest first">
        <Deliveries deliveries={alerts.value.deliveries} />
      </Card>
    </>
  );
}

/** Tells of a change, so that alerts that follow can name it. */
function AnnotationForm({ onChange }: { readonly onChange: () => void }) {
  const [text, setText] = useState("");
  const action = useAction(() => {
    setText("");
    onChange();
  });
  return (
    <form
      class="buttons annotate"
      onSubmit={(event) => {
        event.preventDefault();
        action.run(() => annotate({ text: text.trim() }));
      }}
    >
      <input
        aria-label="A change to announce"
        placeholder="a deployment, a setting, a drill: tell of a change now"
        maxLength={2_000}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" disabled={text.trim() === "" || action.isUnderWay}>
        mark the change
      </button>
      <ActionError action={action} />
    </form>
  );
}
