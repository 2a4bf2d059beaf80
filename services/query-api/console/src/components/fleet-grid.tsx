import { useEffect, useRef, useState } from "preact/hooks";
import { formatShare, formatUs } from "../format.ts";
import type { NodeLine } from "../nodes.ts";
import { nodeLink } from "../route.ts";
import { SCALE_GRADIENT, scaleColour } from "./scale.ts";

interface Measure {
  readonly title: string;
  readonly read: (node: NodeLine) => number | null;
  /** Place on the colour scale, 0 (calm) to 1 (trouble). */
  readonly scale: (value: number) => number;
  readonly format: (value: number) => string;
  /** What the ends of the colour scale stand for. */
  readonly ends: readonly [string, string];
}

/** Latencies from 10 us to 100 ms, on a logarithmic scale of four decades. */
const LATENCY_ENDS = ["10 µs", "100 ms"] as const;
const latencyScale = (us: number): number => Math.log10(Math.max(10, us) / 10) / 4;

export const MEASURES = {
  unusable: {
    title: "unusable free memory",
    read: (node) => node.unusableIndex,
    scale: (value) => value,
    format: formatShare,
    ends: ["0 %", "100 %"],
  },
  runq: {
    title: "run-queue delay P99",
    read: (node) => node.runqP99Us,
    scale: latencyScale,
    format: formatUs,
    ends: LATENCY_ENDS,
  },
  gc: {
    title: "GC pause P99",
    read: (node) => node.gcP99Us,
    scale: latencyScale,
    format: formatUs,
    ends: LATENCY_ENDS,
  },
  used: {
    title: "memory in use",
    read: (node) => (node.managedPages === 0 ? null : 1 - node.freePages / node.managedPages),
    scale: (value) => value,
    format: formatShare,
    ends: ["0 %", "100 %"],
  },
  coverage: {
    title: "missing coverage",
    read: (node) => 1 - node.coverage,
    scale: (value) => Math.min(1, value * 10),
    format: formatShare,
    ends: ["0 %", "10 % or more"],
  },
} as const satisfies Record<string, Measure>;
export type MeasureName = keyof typeof MEASURES;

const CELL_MIN_PX = 9;
const CELL_MAX_PX = 40;
const AREA_HEIGHT_PX = 420;

interface Grid {
  readonly columns: number;
  readonly cell: number;
  readonly rows: number;
}

/** The largest square cells that fit `count` of them into a width, within a fixed height where that is possible. */
function layOut(count: number, width: number): Grid {
  const ideal = Math.sqrt((width * AREA_HEIGHT_PX) / Math.max(1, count));
  const cell = Math.max(CELL_MIN_PX, Math.min(CELL_MAX_PX, Math.floor(ideal)));
  const columns = Math.max(1, Math.floor(width / cell));
  return { columns, cell, rows: Math.ceil(count / columns) };
}

/** The fleet as a picture: one cell a node, by id; offline nodes are hollow. Thousands are drawn in one canvas. */
export function FleetGrid({ nodes, measure }: { readonly nodes: readonly NodeLine[]; readonly measure: MeasureName }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [hovered, setHovered] = useState<NodeLine | null>(null);
  const grid = layOut(nodes.length, width || 300);
  useEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return;
    const observer = new ResizeObserver(() => setWidth(parent.clientWidth));
    observer.observe(parent);
    setWidth(parent.clientWidth);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, nodes, measure, grid);
  });
  const nodeAt = (event: MouseEvent): NodeLine | null => {
    const column = Math.floor(event.offsetX / grid.cell);
    if (column >= grid.columns) return null;
    return nodes[Math.floor(event.offsetY / grid.cell) * grid.columns + column] ?? null;
  };
  const { read, format, ends } = MEASURES[measure];
  const value = hovered === null ? null : read(hovered);
  return (
    <div>
      <canvas
        ref={canvas}
        class="fleet"
        aria-label={`${nodes.length} nodes coloured by ${MEASURES[measure].title}; the table below lists the worst`}
        role="img"
        onMouseMove={(event) => setHovered(nodeAt(event))}
        onMouseLeave={() => setHovered(null)}
        onClick={(event) => {
          const node = nodeAt(event);
          if (node !== null) location.hash = nodeLink(node.node);
        }}
      />
      <p class="quiet hint">
        {ends[0]}
        <i class="scale" style={{ background: SCALE_GRADIENT }} />
        {ends[1]}
      </p>
      <p class="quiet hint">
        {hovered === null
          ? "Point at a cell for its node, click to open it."
          : `${hovered.label || hovered.node} · ${value === null ? "no value yet" : format(value)}${hovered.online ? "" : " · offline"}`}
      </p>
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, nodes: readonly NodeLine[], measure: MeasureName, grid: Grid): void {
  const ratio = window.devicePixelRatio || 1;
  const width = grid.columns * grid.cell;
  const height = Math.max(1, grid.rows) * grid.cell;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const { read, scale } = MEASURES[measure];
  const side = grid.cell - (grid.cell > 12 ? 2 : 1);
  nodes.forEach((node, index) => {
    const x = (index % grid.columns) * grid.cell;
    const y = Math.floor(index / grid.columns) * grid.cell;
    const value = read(node);
    const colour = value === null ? "#8a94a6" : scaleColour(scale(value));
    if (node.online) {
      context.fillStyle = colour;
      context.fillRect(x, y, side, side);
    } else {
      context.strokeStyle = colour;
      context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
    }
  });
}
