import type { SilencesAnswer } from "../../../src/schemas/index.ts";
import { endSilence } from "../api.ts";
import { formatMoment } from "../format.ts";
import type { Polled } from "../use-poll.ts";
import { ActionError, useAction } from "./action.tsx";
import { Waiting } from "./bits.tsx";

/** Silences in force, and those to come. */
export function Silences({ answer, onChange }: { answer: Polled<SilencesAnswer>; onChange: () => void }) {
  const action = useAction(onChange);
  if (answer.value === null)
    return <Waiting polled={answer} empty="Silences are not kept here." what="Reading silences…" />;
  const { silences } = answer.value;
  if (silences.length === 0) return <p class="empty">No silence: everything that fires is told.</p>;
  return (
    <>
      <ul class="alerts">
        {silences.map((silence) => (
          <li key={silence.id}>
            <span class={`badge ${silence.state === "active" ? "warning" : ""}`}>{silence.state}</span> until{" "}
            {formatMoment(silence.endsMs)} by {silence.createdBy}
            <div>
              {silence.matchers.map((matcher) => (
                <code key={matcher.label}>
                  {matcher.label}
                  {matcher.kind}
                  {matcher.value}
                </code>
              ))}
            </div>
            {silence.comment !== "" && <div class="quiet">{silence.comment}</div>}
            <button type="button" disabled={action.isUnderWay} onClick={() => action.run(() => endSilence(silence.id))}>
              end it now
            </button>
          </li>
        ))}
      </ul>
      <ActionError action={action} />
    </>
  );
}
