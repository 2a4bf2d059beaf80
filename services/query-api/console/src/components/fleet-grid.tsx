import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { scaleColour, type Theme, useTheme } from "../charts/colours.ts";
import { formatDuration, NOTHING } from "../format.ts";
import type { NodeLine } from "../nodes.ts";
import { linkTo } from "../route.ts";
import { cellAt, type FleetLayout, HEAD_PX, layOutFleet, nodeIndexAt } from "./fleet-layout.ts";
import { MEASURES, type Measure, type MeasureName } from "./measures.ts";
import { Tooltip } from "./tooltip.tsx";

/** The fleet as a picture: one cell a node, by farm; offline nodes are hollow. Thousands are drawn in one canvas. */
export function FleetGrid({ nodes, measure }: { readonly nodes: readonly NodeLine[]; readonly measure: MeasureName }) {
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(0);
  const [chosen, setChosen] = useState(-1);
  const [pointer, setPointer] = useState<{ x: number; y: number } | null>(null);
  const farms = useMemo(() => countByFarm(nodes), [nodes]);
  const layout = useMemo(() => layOutFleet(farms, widthPx || 300), [farms, widthPx]);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidthPx(element.clientWidth));
    observer.observe(element);
    setWidthPx(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null && widthPx > 0)
      draw(canvas.current, { nodes, measure: MEASURES[measure], layout, theme, chosen, widthPx });
  });
  const open = (index: number): void => {
    const node = nodes[index];
    if (node !== undefined) location.hash = linkTo("nodes", node.node);
  };
  const move = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: layout.columns,
      ArrowUp: -layout.columns,
    };
    const step = steps[event.key];
    if (event.key === "Enter") open(chosen);
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.max(0, Math.min(nodes.length - 1, chosen < 0 ? 0 : chosen + step));
    setChosen(next);
    setPointer(placeOf(layout, next));
  };
  const node = nodes[chosen];
  return (
    <div class="fleet-host" ref={host}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the picture is worked by keys, like a grid */}
      <canvas
        ref={canvas}
        class="fleet"
        tabIndex={0}
        role="application"
        aria-roledescription="fleet picture"
        aria-label={`${nodes.length} nodes coloured by ${MEASURES[measure].title}. Arrow keys choose a node, Enter opens it; the table below lists the worst.`}
        onKeyDown={move}
        onMouseMove={(event) => {
          setChosen(nodeIndexAt(layout, event.offsetX, event.offsetY));
          setPointer({ x: event.offsetX, y: event.offsetY });
        }}
        onMouseLeave={() => {
          setChosen(-1);
          setPointer(null);
        }}
        onBlur={() => setChosen(-1)}
        onClick={(event) => open(nodeIndexAt(layout, event.offsetX, event.offsetY))}
      />
      {node !== undefined && pointer !== null && (
        <Tooltip x={pointer.x} y={pointer.y} widthPx={widthPx}>
          <NodeWords node={node} measure={measure} />
        </Tooltip>
      )}
      <FleetLegend measure={MEASURES[measure]} theme={theme} />
    </div>
  );
}

function countByFarm(nodes: readonly NodeLine[]): { farm: string; count: number }[] {
  const farms: { farm: string; count: number }[] = [];
  for (const { farm } of nodes) {
    const last = farms.at(-1);
    if (last?.farm === farm) last.count++;
    else farms.push({ farm, count: 1 });
  }
  return farms;
}

function placeOf(layout: FleetLayout, index: number): { x: number; y: number } {
  const block = layout.blocks.findLast((candidate) => candidate.first <= index);
  return block === undefined ? { x: 0, y: 0 } : cellAt(layout, block, index);
}

const OFFLINE = "offline";

function NodeWords({ node, measure }: { readonly node: NodeLine; readonly measure: MeasureName }) {
  const words = (name: MeasureName): string => {
    const { read, format } = MEASURES[name] as Measure;
    const value = read(node);
    return value === null ? NOTHING : format(value);
  };
  const others = (["unusable", "runq", "gc", "used"] as const).filter((name) => name !== measure);
  return (
    <>
      <b>{node.label || node.node}</b> {!node.online && <span class="badge bad">{OFFLINE}</span>}
      <div class="tooltip-value">{words(measure)}</div>
      <div>{MEASURES[measure].title}</div>
      <dl class="facts">
        {others.map((name) => [<dt key={name}>{MEASURES[name].title}</dt>, <dd key={`${name}=`}>{words(name)}</dd>])}
        <dt>last heard</dt>
        <dd>{formatDuration(Math.max(0, Date.now() - node.lastEventMs))} ago</dd>
      </dl>
    </>
  );
}

function FleetLegend({ measure, theme }: { readonly measure: Measure; readonly theme: Theme }) {
  return (
    <p class="key">
      <span>
        {measure.ends[0]} <i class="scale" style={{ background: theme.gradient }} /> {measure.ends[1]}
      </span>
      <span>
        <i class="cell hollow" /> {OFFLINE}
      </span>
      <span>
        <i class="cell unknown" /> no value yet
      </span>
    </p>
  );
}

interface Drawing {
  readonly nodes: readonly NodeLine[];
  readonly measure: Measure;
  readonly layout: FleetLayout;
  readonly theme: Theme;
  readonly chosen: number;
  readonly widthPx: number;
}

function draw(canvas: HTMLCanvasElement, { nodes, measure, layout, theme, chosen, widthPx }: Drawing): void {
  const ratio = window.devicePixelRatio || 1;
  const { heightPx, cellPx, blocks } = layout;
  canvas.width = Math.round(widthPx * ratio);
  canvas.height = Math.round(Math.max(1, heightPx) * ratio);
  canvas.style.height = `${heightPx}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const side = cellPx - (cellPx > 14 ? 3 : cellPx > 9 ? 2 : 1);
  for (const block of blocks) {
    context.fillStyle = theme.quiet;
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(`${block.farm} · ${block.count}`, 0, block.y + HEAD_PX - 8);
    for (let index = block.first; index < block.first + block.count; index++) {
      const { x, y } = cellAt(layout, block, index);
      drawCell(context, nodes[index] as NodeLine, { measure, theme, x, y, side });
      if (index !== chosen) continue;
      context.lineWidth = 2;
      context.strokeStyle = theme.ink;
      context.strokeRect(x - 1, y - 1, side + 2, side + 2);
    }
  }
  const drawn = Number(canvas.dataset["drawn"] ?? 0) + 1;
  canvas.dataset["drawn"] = String(drawn);
  // For measurements: when the fleet was first seen.
  if (drawn === 1) performance.mark("fleet-drawn");
}

function drawCell(
  context: CanvasRenderingContext2D,
  node: NodeLine,
  { measure, theme, x, y, side }: { measure: Measure; theme: Theme; x: number; y: number; side: number },
): void {
  const value = measure.read(node);
  if (node.online && value === null) {
    context.fillStyle = theme.line;
    context.fillRect(x + side / 3, y + side / 3, side / 3, side / 3);
    return;
  }
  if (node.online && value !== null) {
    context.fillStyle = scaleColour(theme, measure.scale(value));
    context.fillRect(x, y, side, side);
    return;
  }
  context.lineWidth = 1;
  context.strokeStyle = theme.quiet;
  context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
}
