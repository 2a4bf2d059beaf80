import { useEffect, useState } from "preact/hooks";
import { Sparkline } from "../charts/sparkline.tsx";
import { formatDuration, formatMoment } from "../format.ts";
import { changeQuery, momentText } from "../route.ts";

const STEP_MS = 10_000;
const PLAY_MS = 700;
/** A step settles for so long before it is asked for, so that dragging asks for the last one only. */
const SETTLE_MS = 120;

export interface TimeSliderProps {
  /** The moment that is shown; null for now. */
  readonly atMs: number | null;
  /** How far it goes back. */
  readonly lengthMs: number;
  /** Behind the slider: a share 0..1 over the same time, so that the way to trouble is seen. */
  readonly course: readonly (number | null)[];
  readonly courseLabel: string;
}

/** Goes back in time: a slider over the period before now, steps of ten seconds, and a way to any moment. */
export function TimeSlider({ atMs, lengthMs, course, courseLabel }: TimeSliderProps) {
  const [nowMs, setNowMs] = useState(Date.now());
  const [dragged, setDragged] = useState<number | null>(null);
  const [isPlaying, setPlaying] = useState(false);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (dragged === null) return;
    const timer = setTimeout(() => {
      setDragged(null);
      goTo(dragged, Date.now());
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [dragged]);
  useEffect(() => {
    if (!isPlaying) return;
    if (atMs === null) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => goTo(atMs + STEP_MS, Date.now()), PLAY_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, atMs]);
  const endMs = atMs !== null && atMs < nowMs - lengthMs ? atMs + lengthMs / 2 : nowMs;
  const steps = Math.round(lengthMs / STEP_MS);
  const shownMs = dragged ?? atMs ?? endMs;
  const place = Math.max(0, Math.min(steps, steps - Math.round((endMs - shownMs) / STEP_MS)));
  return (
    <div class={`time-slider ${atMs === null ? "" : "past"}`}>
      <div class="time-track">
        <Sparkline values={course} label={courseLabel} />
        <input
          type="range"
          min={0}
          max={steps}
          value={place}
          aria-label="Moment shown, in steps of ten seconds"
          aria-valuetext={atMs === null ? "now" : formatMoment(shownMs)}
          onInput={(event) => setDragged(endMs - (steps - Number(event.currentTarget.value)) * STEP_MS)}
        />
      </div>
      <div class="time-words">
        <span class="quiet">{formatMoment(endMs - lengthMs)}</span>
        <span class="buttons">
          <button type="button" aria-label="Ten seconds back" onClick={() => goTo(shownMs - STEP_MS, nowMs)}>
            ◀
          </button>
          <b class="moment">
            {atMs === null && dragged === null ? "now" : formatMoment(shownMs)}
            {shownMs < nowMs - STEP_MS && <small> {formatDuration(nowMs - shownMs)} ago</small>}
          </b>
          <button
            type="button"
            aria-label="Ten seconds forward"
            disabled={atMs === null}
            onClick={() => goTo(shownMs + STEP_MS, nowMs)}
          >
            ▶
          </button>
          <button type="button" disabled={atMs === null} onClick={() => setPlaying(!isPlaying)}>
            {isPlaying ? "pause" : "play"}
          </button>
          <button type="button" disabled={atMs === null} onClick={() => changeQuery({ at: "" })}>
            live
          </button>
          <label>
            <span class="hidden">Go to a moment</span>
            <input
              type="datetime-local"
              step={1}
              value={localText(shownMs)}
              onChange={(event) => {
                const ms = Date.parse(event.currentTarget.value);
                if (Number.isFinite(ms)) goTo(ms, nowMs);
              }}
            />
          </label>
        </span>
        <span class="quiet">{endMs === nowMs ? "now" : formatMoment(endMs)}</span>
      </div>
    </div>
  );
}

/** Shows a moment, on a whole step; what is not before now is now. */
function goTo(ms: number, nowMs: number): void {
  const at = Math.round(ms / STEP_MS) * STEP_MS;
  changeQuery({ at: at >= nowMs - STEP_MS / 2 ? "" : momentText(at) });
}

/** What an input of type datetime-local takes: local time without its zone. */
function localText(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
