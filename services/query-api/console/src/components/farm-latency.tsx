import { useMemo, useState } from "preact/hooks";
import type { FarmLatencyAnswer, SignalName } from "../../../src/schemas/index.ts";
import { getHeatmap, type Period } from "../api.ts";
import { type Exemplar, ExemplarCard, Heatmap, HeatmapLegend } from "../charts/heatmap.tsx";
import { formatMoment } from "../format.ts";
import { heatmapModel } from "../heatmap-model.ts";
import { changeQuery, linkTo, momentText, type Place } from "../route.ts";
import { type Polled, usePoll } from "../use-poll.ts";
import { Staleness, Waiting } from "./bits.tsx";
import { SIGNALS } from "./period.tsx";
import { Quantiles } from "./quantiles.tsx";

export interface FarmLatencyProps {
  readonly farm: string;
  readonly signal: SignalName;
  readonly period: Period;
  readonly everyMs: number | null;
  readonly latency: Polled<FarmLatencyAnswer>;
  readonly place: Place;
}

/** The heatmap with quantile lines and exemplars; the quantile lines alone where there is no heatmap. */
export function FarmLatency({ farm, signal, period, everyMs, latency, place }: FarmLatencyProps) {
  const answer = usePoll(
    (abort) => getHeatmap(farm, signal, period, abort),
    everyMs,
    `${farm}/${signal}/${period.toMs}/${period.lengthMs}`,
  );
  const model = useMemo(() => heatmapModel(answer.value), [answer.value]);
  const [picked, setPicked] = useState<Exemplar | null>(null);
  const [moment, setMoment] = useState<number | null>(null);
  const title = `Distribution of ${SIGNALS[signal]} of farm ${farm} over time`;
  if (model === null) {
    if (latency.value === null)
      return <Waiting polled={latency} empty="No window is kept of this farm." what="Reading latencies…" />;
    return <Quantiles points={latency.value.points} title={title} />;
  }
  if (model.counts.length === 0)
    return <p class="empty">Nothing was counted in a closed window of this period; windows are ten seconds long.</p>;
  return (
    <>
      <Staleness polled={answer} />
      <Heatmap
        model={model}
        title={title}
        onPick={(exemplar, timeMs) => {
          setPicked(exemplar);
          setMoment(exemplar === null ? timeMs : null);
        }}
      />
      <HeatmapLegend model={model} />
      {picked !== null && (
        <ExemplarCard
          exemplar={picked}
          link={picked.node === null ? null : linkTo("nodes", picked.node, { at: momentText(picked.atMs) })}
        />
      )}
      {moment !== null && place.query["at"] === undefined && (
        <p>
          <button type="button" onClick={() => changeQuery({ at: momentText(Math.round(moment / 10_000) * 10_000) })}>
            Show everything at {formatMoment(moment)}
          </button>
        </p>
      )}
      <SlowestEvents exemplars={model.exemplars} onPick={setPicked} />
    </>
  );
}

const SHOWN_MAX = 6;

/** The slowest sampled events as a table: the heatmap's marks, for keys and for reading. */
function SlowestEvents(props: {
  readonly exemplars: readonly Exemplar[];
  readonly onPick: (exemplar: Exemplar) => void;
}) {
  const slowest = [...props.exemplars].sort((a, b) => b.valueUs - a.valueUs).slice(0, SHOWN_MAX);
  if (slowest.length === 0) return null;
  return (
    <details>
      <summary>The slowest sampled events</summary>
      <ul class="exemplars">
        {slowest.map((exemplar) => (
          <li key={`${exemplar.atMs}/${exemplar.valueUs}/${exemplar.node}`}>
            <button type="button" class="linkish" onClick={() => props.onPick(exemplar)}>
              {formatMoment(exemplar.atMs)}
            </button>
            <ExemplarCard
              exemplar={exemplar}
              link={exemplar.node === null ? null : linkTo("nodes", exemplar.node, { at: momentText(exemplar.atMs) })}
            />
          </li>
        ))}
      </ul>
    </details>
  );
}
