import { useState } from "preact/hooks";
import type { ReplayAnswer, ReplayRequest } from "../../../src/schemas/index.ts";
import { endReplay, getReplays, startReplay } from "../api.ts";
import { ActionError, useAction } from "../components/action.tsx";
import { Card, Staleness, Waiting } from "../components/bits.tsx";
import { formatCount, formatDuration, formatMoment, formatWhole } from "../format.ts";
import type { Nodes } from "../nodes.ts";
import { momentOf, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";

/** Replay: the log of a past range folded again, by the same code, into a place of its own. */
export function ReplayView({ place, nodes }: { readonly place: Place; readonly nodes: Nodes | null }) {
  const [changes, setChanges] = useState(0);
  const changed = (): void => setChanges((count) => count + 1);
  const replays = usePoll(getReplays, 1_000, `replays/${changes}`);
  return (
    <>
      <h1>
        Replay <small>a past range, folded again from the log</small>
      </h1>
      <Card title="Replay a range">
        <ReplayForm endMs={momentOf(place) ?? Date.now()} nodes={nodes} onStarted={changed} />
      </Card>
      <Card title="Replays">
        {replays.value === null ? (
          <Waiting polled={replays} empty="Replays are not run here." what="Reading replays…" />
        ) : (
          <>
            <Staleness polled={replays} />
            <Replays replays={replays.value.replays} onChange={changed} />
          </>
        )}
      </Card>
    </>
  );
}

const LENGTHS_MIN = { "1 min": 1, "5 min": 5, "15 min": 15, "1 h": 60, "6 h": 360 } as const;
const SPEEDS = { max: "as fast as it goes", "1": "as it happened", "10": "10 x", "60": "60 x" } as const;

function ReplayForm(props: { readonly endMs: number; readonly nodes: Nodes | null; readonly onStarted: () => void }) {
  const [end, setEnd] = useState(() => localText(props.endMs));
  const [minutes, setMinutes] = useState("5");
  const [speed, setSpeed] = useState<keyof typeof SPEEDS>("max");
  const [scope, setScope] = useState("");
  const action = useAction(props.onStarted);
  const farms = [...new Set([...(props.nodes?.values() ?? [])].map((node) => node.farm))].sort();
  const submit = (event: Event): void => {
    event.preventDefault();
    const toMs = Date.parse(end);
    const request: ReplayRequest = {
      from: String(toMs - Number(minutes) * 60_000),
      to: String(toMs),
      ...(speed === "max" ? {} : { speed: Number(speed) }),
      ...scopeOf(scope, farms),
    };
    action.run(() => startReplay(request));
  };
  return (
    <form class="form" onSubmit={submit}>
      <label>
        until
        <input
          type="datetime-local"
          step={1}
          required
          value={end}
          onInput={(event) => setEnd(event.currentTarget.value)}
        />
      </label>
      <label>
        for
        <select value={minutes} onChange={(event) => setMinutes(event.currentTarget.value)}>
          {Object.entries(LENGTHS_MIN).map(([title, length]) => (
            <option key={title} value={length}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label>
        of
        <input
          list="replay-scope"
          placeholder="everything, a farm or a node"
          value={scope}
          onInput={(event) => setScope(event.currentTarget.value)}
        />
        <datalist id="replay-scope">
          {farms.map((farm) => (
            <option key={farm} value={farm}>
              farm
            </option>
          ))}
        </datalist>
      </label>
      <label>
        speed
        <select value={speed} onChange={(event) => setSpeed(event.currentTarget.value as keyof typeof SPEEDS)}>
          {Object.entries(SPEEDS).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={action.isUnderWay}>
        replay
      </button>
      <div class="whole">
        <ActionError action={action} />
      </div>
    </form>
  );
}

/** A farm where there is one of that name, else a node. */
function scopeOf(scope: string, farms: readonly string[]): Pick<ReplayRequest, "farm" | "nodes"> {
  const name = scope.trim();
  if (name === "") return {};
  return farms.includes(name) ? { farm: name } : { nodes: [name] };
}

function localText(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function Replays({ replays, onChange }: { readonly replays: readonly ReplayAnswer[]; readonly onChange: () => void }) {
  const action = useAction(onChange);
  if (replays.length === 0) return <p class="empty">No replay yet. The live views are never touched by one.</p>;
  return (
    <>
      <ul class="alerts">
        {replays.map((replay) => (
          <li key={replay.id}>
            <span
              class={`badge ${replay.state === "complete" ? "good" : replay.state === "failed" ? "bad" : "warning"}`}
            >
              {replay.state}
            </span>{" "}
            <b>
              {formatMoment(replay.fromMs)} to {formatMoment(replay.toMs)}
            </b>
            <progress value={replay.progress} max={1} aria-label={`Progress of replay ${replay.id}`} />
            <div class="quiet">
              {formatCount(replay.events)} events, {formatCount(replay.eventsPerS)} a second ·{" "}
              {formatWhole(replay.windows)} windows of {replay.farms.length === 0 ? "no farm" : replay.farms.join(", ")}{" "}
              · namespace <code>{replay.namespace}</code>
              {replay.expiresMs !== null && ` · kept for ${formatDuration(Math.max(0, replay.expiresMs - Date.now()))}`}
            </div>
            {replay.error !== null && <p class="notice error">{replay.error}</p>}
            <button type="button" disabled={action.isUnderWay} onClick={() => action.run(() => endReplay(replay.id))}>
              {replay.state === "running" || replay.state === "queued" ? "cancel" : "remove"}
            </button>
          </li>
        ))}
      </ul>
      <ActionError action={action} />
    </>
  );
}
