import { useMemo, useState } from "preact/hooks";
import type { FarmFragmentationAnswer, FarmLatencyAnswer, SignalName } from "../../../src/schemas/index.ts";
import { getAlerts, getFarm, getFarmFragmentation, getFarmLatency, type Period } from "../api.ts";
import { type Line, LineChart } from "../charts/line-chart.tsx";
import { AlertLines } from "../components/alert-lines.tsx";
import { Card, Choice, CoverageBadge, Staleness, Tile, Waiting } from "../components/bits.tsx";
import { FarmLatency } from "../components/farm-latency.tsx";
import { NodeTable } from "../components/node-table.tsx";
import { LengthChoice, lengthOf, SIGNALS } from "../components/period.tsx";
import { TimeSlider } from "../components/time-slider.tsx";
import { formatBytes, formatMoment, formatShare, formatUs, NOTHING, orNothing } from "../format.ts";
import type { Nodes } from "../nodes.ts";
import { changeQuery, linkKeepingTime, momentOf, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";
import { toneOf } from "./fleet.tsx";

const REFRESH_MS = 5_000;

/** One farm: its latency as a heatmap with quantiles, its fragmentation over time, its nodes. */
export function FarmView(props: { readonly place: Place; readonly nodes: Nodes | null; readonly alertsHeard: number }) {
  const { place } = props;
  const farm = place.name;
  const atMs = momentOf(place);
  const length = lengthOf(place);
  const period = { toMs: atMs, lengthMs: length.ms };
  const everyMs = atMs === null ? REFRESH_MS : null;
  const key = `${farm}/${atMs}/${length.name}`;
  const signal = (place.query["signal"] ?? "runq_delay") as SignalName;
  const known = signal in SIGNALS ? signal : "runq_delay";
  const now = usePoll((abort) => getFarm(farm, abort), REFRESH_MS, farm);
  const course = usePoll(
    (abort) => getFarmFragmentation(farm, "huge", { ...period, toMs: null }, abort),
    10_000,
    `${farm}/${length.name}`,
  );
  const fragmentation = usePoll((abort) => getFarmFragmentation(farm, "huge", period, abort), everyMs, key);
  const latency = usePoll((abort) => getFarmLatency(farm, known, period, abort), everyMs, `${key}/${known}`);
  const alerts = usePoll(getAlerts, 10_000, `alerts/${props.alertsHeard}`);
  const lines = useMemo(
    () => [...(props.nodes?.values() ?? [])].filter((node) => node.farm === farm),
    [props.nodes, farm],
  );
  if (now.value === null)
    return (
      <Waiting
        polled={now}
        empty={`There is no farm "${farm}" yet: no window of it has closed.`}
        what="Reading the farm…"
      />
    );
  return (
    <>
      <h1>
        Farm {farm}{" "}
        <small>
          {now.value.nodesOnline} of {now.value.nodesKnown} nodes online
        </small>{" "}
        <CoverageBadge coverage={now.value.coverage} />
      </h1>
      <Staleness polled={now} />
      <Tiles place={place} fragmentation={fragmentation.value} latency={latency.value} atMs={atMs} />
      <Card title="When" tools={<LengthChoice place={place} />}>
        <TimeSlider
          atMs={atMs}
          lengthMs={length.ms}
          course={courseOf(course.value, length.ms)}
          courseLabel="Unusable free memory of the farm over time"
        />
      </Card>
      <Card
        title="Latency"
        note="how many values fell where, with P50, P95 and P99"
        tools={
          <Choice label="Signal" value={known} options={SIGNALS} onChange={(name) => changeQuery({ signal: name })} />
        }
      >
        <FarmLatency farm={farm} signal={known} period={period} everyMs={everyMs} latency={latency} place={place} />
      </Card>
      <div class="columns">
        <Fragmentation place={place} period={period} everyMs={everyMs} periodKey={key} />
        <Card title="Alerts of this farm">
          <AlertLines answer={alerts} limit={8} farm={farm} />
        </Card>
      </div>
      <Card title="Nodes" note="most unusable free memory first, as they are now">
        <NodeTable nodes={lines} measure="unusable" place={place} />
      </Card>
    </>
  );
}

/** Shares 0..1 on an even grid of the period before now; null where no window closed. */
export function courseOf(
  answer: {
    readonly points: readonly { readonly startMs: number; readonly unusableIndex: number }[];
    readonly stepMs: number;
    readonly toMs: number;
  } | null,
  lengthMs: number,
): (number | null)[] {
  if (answer === null) return [];
  const steps = Math.max(1, Math.round(lengthMs / answer.stepMs));
  const course: (number | null)[] = Array.from({ length: steps }, () => null);
  for (const point of answer.points) {
    const index = steps - Math.round((answer.toMs - point.startMs) / answer.stepMs);
    if (index >= 0 && index < steps) course[index] = point.unusableIndex;
  }
  return course;
}

function Tiles(props: {
  readonly place: Place;
  readonly fragmentation: FarmFragmentationAnswer | null;
  readonly latency: FarmLatencyAnswer | null;
  readonly atMs: number | null;
}) {
  const point = props.fragmentation?.points.at(-1);
  const quantile = (wanted: number): number | null =>
    props.latency?.points.findLast((each) => each.count > 0)?.quantiles.find((each) => each.quantile === wanted)
      ?.valueUs ?? null;
  const when = props.atMs === null ? "in the newest closed window" : `at ${formatMoment(props.atMs)}`;
  return (
    <section class="tiles" aria-label="Key figures">
      <Tile
        label="unusable for huge pages"
        value={point === undefined ? NOTHING : formatShare(point.unusableIndex)}
        tone={toneOf(point?.unusableIndex ?? null)}
        note={`of free memory, ${when}`}
      />
      <Tile
        label="worst node"
        value={orNothing(point?.worstUnusableIndex, formatShare)}
        note={
          point?.worstNode == null ? (
            "none"
          ) : (
            <a href={linkKeepingTime(props.place, "nodes", point.worstNode)}>{point.worstNode}</a>
          )
        }
      />
      <Tile
        label="free memory"
        value={point === undefined ? NOTHING : formatBytes(point.freePages * 4096)}
        note={point === undefined ? "" : `of ${formatBytes(point.managedPages * 4096)} managed`}
      />
      <Tile label="P50" value={orNothing(quantile(0.5), formatUs)} note={`of the chosen signal, ${when}`} />
      <Tile
        label="P99"
        value={orNothing(quantile(0.99), formatUs)}
        note={`P95 ${orNothing(quantile(0.95), formatUs)}`}
      />
    </section>
  );
}

const ORDER_CHOICES = { huge: "huge page", 4: "64 KiB", 2: "16 KiB" } as const;

/** The unusable free space index of the farm and of its worst node, over time, at an order. */
function Fragmentation(props: {
  readonly place: Place;
  readonly period: Period;
  readonly everyMs: number | null;
  readonly periodKey: string;
}) {
  const [order, setOrder] = useState<keyof typeof ORDER_CHOICES>("huge");
  const answer = usePoll(
    (abort) => getFarmFragmentation(props.place.name, String(order), props.period, abort),
    props.everyMs,
    `${props.periodKey}/${order}`,
  );
  const points = answer.value?.points;
  const timesMs = useMemo(() => (points ?? []).map((point) => point.startMs), [points]);
  const lines = useMemo(
    (): Line[] => [
      { label: "farm", colour: "#0072b2", values: (points ?? []).map((point) => point.unusableIndex) },
      {
        label: "worst node",
        colour: "#d55e00",
        dash: [6, 4],
        values: (points ?? []).map((point) => point.worstUnusableIndex),
      },
    ],
    [points],
  );
  return (
    <Card
      title="Fragmentation"
      note="share of free memory in blocks too small"
      tools={
        <label>
          for a{" "}
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as keyof typeof ORDER_CHOICES)}>
            {Object.entries(ORDER_CHOICES).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
      }
    >
      {answer.value === null || timesMs.length === 0 ? (
        answer.value === null ? (
          <Waiting polled={answer} empty="No window is kept of this farm." what="Reading windows…" />
        ) : (
          <p class="empty">No window has closed in this period.</p>
        )
      ) : (
        <LineChart
          title="Unusable free space index over time"
          timesMs={timesMs}
          lines={lines}
          format={formatShare}
          range={[0, 1]}
        />
      )}
    </Card>
  );
}
