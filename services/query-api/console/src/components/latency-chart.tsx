import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { LatencyPoint, SignalName } from "../../../src/schemas/index.ts";
import { getLatency } from "../api.ts";
import { formatUs } from "../format.ts";
import { usePoll } from "../use-poll.ts";

const REFRESH_MS = 2_000;
const HEIGHT_PX = 220;
const LINES = [
  { quantile: 0.5, label: "P50", colour: "#3b82a0" },
  { quantile: 0.95, label: "P95", colour: "#e8a33d" },
  { quantile: 0.99, label: "P99", colour: "#c4476a" },
] as const;

/** P50, P95 and P99 of a signal over the last quarter of an hour, in ten-second windows; logarithmic. */
export function LatencyChart({ node, signal }: { readonly node: string; readonly signal: SignalName }) {
  const answer = usePoll((abort) => getLatency(node, signal, abort), REFRESH_MS, `${node}/${signal}`);
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const points = answer.value?.points.filter((point) => point.count > 0) ?? [];
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    plot.current = new uPlot(optionsFor(element.clientWidth), [[], [], [], []], element);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => {
    plot.current?.setData(columnsOf(points));
    if (host.current !== null) host.current.dataset["points"] = String(points.length);
  });
  return (
    <div>
      <div ref={host} class="chart" role="img" aria-label={`Quantiles of ${signal} over time`} />
      {points.length === 0 && (
        <p class="quiet">{answer.error ?? "Nothing counted in a closed window yet; windows are ten seconds long."}</p>
      )}
    </div>
  );
}

function columnsOf(points: readonly LatencyPoint[]): uPlot.AlignedData {
  const times = points.map((point) => point.startMs / 1000);
  const lines = LINES.map(({ quantile }) =>
    points.map((point) => point.quantiles.find((value) => value.quantile === quantile)?.valueUs ?? null),
  );
  return [times, ...lines] as uPlot.AlignedData;
}

function optionsFor(width: number): uPlot.Options {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--quiet").trim() || "#667";
  const grid = { stroke: "rgb(128 128 128 / 18%)", width: 1 };
  return {
    width,
    height: HEIGHT_PX,
    cursor: { y: false },
    scales: { x: { time: true }, y: { distr: 3 } },
    axes: [
      { stroke: ink, grid },
      {
        stroke: ink,
        grid,
        size: 70,
        values: (_plot, ticks) => ticks.map((tick) => (tick === null ? "" : formatUs(tick))),
      },
    ],
    series: [
      {},
      ...LINES.map(({ label, colour }) => ({
        label,
        stroke: colour,
        width: 2,
        points: { show: true, size: 4 },
        value: (_plot: uPlot, value: number | null) => (value === null ? "–" : formatUs(value)),
      })),
    ],
  };
}
