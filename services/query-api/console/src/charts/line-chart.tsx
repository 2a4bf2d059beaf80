import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatMoment, NOTHING } from "../format.ts";
import { type Theme, useTheme } from "./colours.ts";

/** Charts are as high as each other unless they say otherwise. */
const HEIGHT_PX = 230;

export interface Line {
  readonly label: string;
  readonly colour: string;
  /** Lengths of strokes and gaps, so that lines differ without their colours; absent: unbroken. */
  readonly dash?: number[];
  readonly values: readonly (number | null)[];
}

export interface LineChartProps {
  /** What the chart shows, for those who do not see it. */
  readonly title: string;
  /** Unix milliseconds, rising. */
  readonly timesMs: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Powers of ten are equally far apart; zero and less cannot be shown then. */
  readonly isLogarithmic?: boolean;
  /** Ends of the vertical axis; by the values where absent. */
  readonly range?: readonly [number, number];
  readonly heightPx?: number;
  /** Paints what lies below the lines. */
  readonly paintBelow?: (plot: uPlot) => void;
  /** Paints what lies above them. */
  readonly paintAbove?: (plot: uPlot) => void;
  /** A click on a moment of the chart. */
  readonly onPick?: (pick: {
    readonly timeMs: number;
    readonly xPx: number;
    readonly yPx: number;
    readonly plot: uPlot;
  }) => void;
  /** Changes when paintBelow or paintAbove would paint something else. */
  readonly paintKey?: string;
}

/** Lines over time, with a legend that shows the values under the pointer. */
export function LineChart(props: LineChartProps) {
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = props;
  const shape = [theme.isDark, props.isLogarithmic, props.range, props.lines.map((line) => line.label)].join("/");
  const heightPx = props.heightPx ?? HEIGHT_PX;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(newest, theme, element.clientWidth, heightPx), dataOf(newest.current), element);
    plot.current = made;
    const click = (event: MouseEvent): void => {
      const timeMs = made.posToVal(event.offsetX, "x") * 1_000;
      newest.current.onPick?.({ timeMs, xPx: event.offsetX, yPx: event.offsetY, plot: made });
    };
    made.over.addEventListener("click", click);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, heightPx]);
  useEffect(() => {
    plot.current?.setData(dataOf(props));
    if (host.current !== null) host.current.dataset["points"] = String(props.timesMs.length);
  }, [props.timesMs, props.lines, props.paintKey]);
  return <div ref={host} class="chart" role="img" aria-label={props.title} />;
}

function dataOf({ timesMs, lines }: LineChartProps): uPlot.AlignedData {
  return [timesMs.map((ms) => ms / 1_000), ...lines.map((line) => line.values)] as uPlot.AlignedData;
}

function optionsOf(props: { current: LineChartProps }, theme: Theme, width: number, height: number): uPlot.Options {
  const { isLogarithmic, lines, onPick } = props.current;
  const range = props.current.range;
  const grid = { stroke: theme.isDark ? "rgb(255 255 255 / 9%)" : "rgb(0 0 0 / 8%)", width: 1 };
  const ticks = { show: false };
  const font = "12px system-ui, sans-serif";
  return {
    width,
    height,
    padding: [10, 12, 0, 0],
    cursor: { y: false, points: { size: 7 }, ...(onPick ? { drag: { x: false, y: false } } : {}) },
    scales: {
      x: { time: true },
      y: { distr: isLogarithmic === true ? 3 : 1, ...(range === undefined ? {} : { range: [range[0], range[1]] }) },
    },
    axes: [
      {
        stroke: theme.quiet,
        grid,
        ticks,
        font,
        size: 28,
        space: 76,
        values: (_plot, seconds, _axis, _space, stepS) => seconds.map((second) => timeLabel(second * 1_000, stepS)),
      },
      {
        stroke: theme.quiet,
        grid,
        ticks,
        font,
        size: 66,
        values: (_plot, values) => values.map((value) => (value === null ? "" : props.current.format(value))),
      },
    ],
    series: [
      {
        label: "at",
        value: (_plot: uPlot, second: number | null) => (second === null ? NOTHING : formatMoment(second * 1_000)),
      },
      ...lines.map(({ label, colour, dash }) => ({
        label,
        stroke: colour,
        width: 2,
        ...(dash === undefined ? {} : { dash }),
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => (value === null ? NOTHING : props.current.format(value)),
      })),
    ],
    hooks: {
      drawClear: [(plot) => props.current.paintBelow?.(plot)],
      draw: [(plot) => props.current.paintAbove?.(plot)],
    },
  };
}

/** A label of the time axis, as fine as its steps are. */
function timeLabel(ms: number, stepS: number): string {
  const date = new Date(ms);
  if (stepS >= 86_400) return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const time = date.toLocaleTimeString("en-GB");
  return stepS >= 60 ? time.slice(0, 5) : time;
}
