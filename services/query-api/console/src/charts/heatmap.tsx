import { useMemo, useState } from "preact/hooks";
import type uPlot from "uplot";
import { formatCount, formatMoment, formatUs } from "../format.ts";
import { scaleColour, type Theme, useTheme } from "./colours.ts";
import { LineChart } from "./line-chart.tsx";

/** One sampled raw event behind a cell of a heatmap. */
export interface Exemplar {
  readonly atMs: number;
  readonly valueUs: number;
  /** What it was about, in label and value: task, cgroup, node, trace. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly node: string | null;
}

/** Counts by time and bucket, and the lines and events that lie over them. */
export interface HeatmapModel {
  readonly stepMs: number;
  /** Starts of the columns. */
  readonly startsMs: readonly number[];
  /** Bounds of the buckets in microseconds, rising. */
  readonly buckets: readonly { readonly fromUs: number; readonly toUs: number }[];
  /** Count of column i and bucket j at i * buckets + j. */
  readonly counts: ArrayLike<number>;
  readonly quantiles: readonly { readonly quantile: number; readonly valuesUs: readonly (number | null)[] }[];
  readonly exemplars: readonly Exemplar[];
}

/** Lines differ by colour, width of stroke and dash; they are drawn over every colour of the scale. */
const LINES: Readonly<Record<string, { colour: string; dash?: number[] }>> = {
  "0.5": { colour: "#56b4e9" },
  "0.95": { colour: "#009e73", dash: [8, 4] },
  "0.99": { colour: "#d85fa8", dash: [2, 3] },
};

const PICK_PX = 12;

/** A latency's distribution over time: how many values fell where, its quantiles as lines, single events to click. */
export function Heatmap({
  model,
  title,
  onPick,
}: {
  readonly model: HeatmapModel;
  readonly title: string;
  readonly onPick: (exemplar: Exemplar | null, timeMs: number) => void;
}) {
  const theme = useTheme();
  const [selected, setSelected] = useState<Exemplar | null>(null);
  const lines = model.quantiles.map(({ quantile, valuesUs }) => ({
    label: `P${quantile * 100}`,
    values: valuesUs,
    ...(LINES[String(quantile)] ?? { colour: theme.ink }),
  }));
  const range = useMemo(() => rangeOf(model), [model]);
  return (
    <LineChart
      title={title}
      timesMs={model.startsMs.map((ms) => ms + model.stepMs / 2)}
      lines={lines}
      format={formatUs}
      isLogarithmic
      range={range}
      heightPx={340}
      paintKey={`${model.startsMs.at(-1)}/${selected?.atMs}/${theme.isDark}`}
      paintBelow={(plot) => paintCells(plot, model, theme)}
      paintAbove={(plot) => paintExemplars(plot, model.exemplars, selected, theme)}
      onPick={({ timeMs, xPx, yPx, plot }) => {
        const found = nearest(plot, model.exemplars, xPx, yPx);
        setSelected(found);
        onPick(found, timeMs);
      }}
    />
  );
}

/** From the lowest to the highest bucket, with room on either side. */
function rangeOf({ buckets }: HeatmapModel): [number, number] {
  const [lowest, highest] = [buckets[0], buckets.at(-1)];
  if (lowest === undefined || highest === undefined) return [1, 1_000];
  const bottom = Math.max(0.5, lowest.fromUs);
  return [bottom, Math.max(bottom * 4, highest.toUs * 1.25)];
}

function paintCells(plot: uPlot, model: HeatmapModel, theme: Theme): void {
  const { buckets, counts, startsMs, stepMs } = model;
  const most = Math.log1p(Array.from(counts).reduce((max, count) => Math.max(max, count), 1));
  const { ctx } = plot;
  const edge = (us: number): number => plot.valToPos(Math.max(0.25, us), "y", true);
  const edges = buckets.map(({ fromUs, toUs }) => ({ bottom: edge(fromUs), top: edge(toUs) }));
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  ctx.clip();
  startsMs.forEach((startMs, column) => {
    const left = Math.floor(plot.valToPos(startMs / 1_000, "x", true));
    const width = Math.max(1, Math.ceil(plot.valToPos((startMs + stepMs) / 1_000, "x", true)) - left);
    edges.forEach(({ bottom, top }, bucket) => {
      const count = counts[column * edges.length + bucket] as number;
      if (count === 0) return;
      ctx.fillStyle = scaleColour(theme, 0.08 + 0.92 * (Math.log1p(count) / most));
      ctx.fillRect(left, Math.floor(top), width, Math.max(1, Math.ceil(bottom - top)));
    });
  });
  ctx.restore();
}

function paintExemplars(plot: uPlot, exemplars: readonly Exemplar[], selected: Exemplar | null, theme: Theme): void {
  const { ctx } = plot;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  for (const exemplar of exemplars) {
    const x = plot.valToPos(exemplar.atMs / 1_000, "x", true);
    const y = plot.valToPos(exemplar.valueUs, "y", true);
    const radius = (exemplar === selected ? 6 : 4) * ratio;
    ctx.beginPath();
    ctx.moveTo(x, y - radius);
    ctx.lineTo(x + radius, y);
    ctx.lineTo(x, y + radius);
    ctx.lineTo(x - radius, y);
    ctx.closePath();
    ctx.fillStyle = exemplar === selected ? "#ffffff" : theme.card;
    ctx.strokeStyle = theme.ink;
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function nearest(plot: uPlot, exemplars: readonly Exemplar[], xPx: number, yPx: number): Exemplar | null {
  let found: Exemplar | null = null;
  let least = PICK_PX;
  for (const exemplar of exemplars) {
    const x = plot.valToPos(exemplar.atMs / 1_000, "x");
    const y = plot.valToPos(exemplar.valueUs, "y");
    const distance = Math.hypot(x - xPx, y - yPx);
    if (distance < least) [found, least] = [exemplar, distance];
  }
  return found;
}

/** What colours and marks of a heatmap mean. */
export function HeatmapLegend({ model }: { readonly model: HeatmapModel }) {
  const theme = useTheme();
  const most = Array.from(model.counts).reduce((max, count) => Math.max(max, count), 0);
  return (
    <p class="key">
      <span>
        few <i class="scale" style={{ background: theme.gradient }} /> {formatCount(most)} values in a cell
      </span>
      {model.exemplars.length > 0 && <span>◇ a single sampled event: click it</span>}
    </p>
  );
}

/** The facts of one exemplar, with the way to its node and moment. */
export function ExemplarCard({ exemplar, link }: { readonly exemplar: Exemplar; readonly link: string | null }) {
  return (
    <dl class="facts">
      <dt>value</dt>
      <dd>{formatUs(exemplar.valueUs)}</dd>
      <dt>at</dt>
      <dd>{formatMoment(exemplar.atMs)}</dd>
      {exemplar.facts.map(([label, value]) => [<dt key={label}>{label}</dt>, <dd key={`${label}=`}>{value}</dd>])}
      {link !== null && [
        <dt key="go">node</dt>,
        <dd key="goto">
          <a href={link}>{exemplar.node} at that moment</a>
        </dd>,
      ]}
    </dl>
  );
}
