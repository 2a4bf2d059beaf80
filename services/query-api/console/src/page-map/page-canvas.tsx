import { useEffect, useRef, useState } from "preact/hooks";
import { formatDuration, formatMoment, formatWhole } from "../format.ts";
import { changeQuery, type Place } from "../route.ts";
import { contentOf, frameName } from "./describe.ts";
import { drawCursor, drawMap, drawStrip } from "./draw.ts";
import { MapLegend } from "./map-legend.tsx";
import type { Mode } from "./modes.ts";
import { usePageMap } from "./use-page-map.ts";
import { clampRow, offsetAt, rowOf, type Viewport, viewportOf, ZOOM_MIN, zoomToFit } from "./viewport.ts";

export interface PageCanvasProps {
  readonly place: Place;
  readonly node: string;
  readonly first: number;
  readonly count: number;
  readonly atMs: number | null;
  readonly mode: Mode;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Pointers that moved less than this clicked. */
const DRAG_PX = 4;

/** One zone, to be zoomed, dragged and pointed at. A chosen frame stands in the address as `pfn`. */
export function PageCanvas(props: PageCanvasProps) {
  const { place, node, first, count, atMs, mode, widthPx, heightPx } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const strip = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ y: number; row: number; moved: boolean } | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const fit = zoomToFit(count, widthPx, heightPx);
  const zoom = clampZoom(Number(place.query["zoom"] ?? fit), fit);
  const viewport = viewportOf(count, zoom, widthPx, heightPx);
  const chosen = chosenOffset(place, first, count);
  const [topRow, setTopRow] = useState(() => clampRow(rowOf(chosen ?? 0, viewport) - viewport.rows / 2, viewport));
  const { map, painted, error } = usePageMap({ node, first, count, atMs, mode, scale: viewport.scale });
  const row = clampRow(topRow, viewport);
  const isRight = painted !== null && painted.span.scale === viewport.scale && painted.span.first === first;
  useEffect(() => {
    if (canvas.current === null || painted === null || !isRight) return;
    const startedMs = performance.now();
    drawMap(canvas.current, painted, viewport, row);
    if (chosen !== null) drawCursor(canvas.current, chosen, viewport, row);
    const { dataset } = canvas.current;
    dataset["drawMs"] = (performance.now() - startedMs).toFixed(1);
    dataset["paintMs"] = painted.paintMs.toFixed(1);
    dataset["drawn"] = String(Number(dataset["drawn"] ?? 0) + 1);
  });
  useEffect(() => {
    if (strip.current !== null && painted !== null) drawStrip(strip.current, painted, viewport.rows * viewport.cellPx);
  }, [painted, viewport.rows, viewport.cellPx]);
  const zoomTo = (next: number, offset: number): void => {
    const target = clampZoom(next, fit);
    const there = viewportOf(count, target, widthPx, heightPx);
    setTopRow(clampRow(rowOf(offset, there) - there.rows / 2, there));
    changeQuery({ zoom: target === fit ? "" : String(target) });
  };
  const middle = (row + viewport.rows / 2) * viewport.columns * 2 ** viewport.scale;
  const choose = (offset: number): void => {
    const inside = Math.max(0, Math.min(count - 1, offset));
    changeQuery({ pfn: String(first + inside) });
    const at = rowOf(inside, viewport);
    if (at < row || at >= row + viewport.rows) setTopRow(at - viewport.rows / 2);
  };
  const offsetOf = (event: MouseEvent): number => {
    const target = canvas.current as HTMLCanvasElement;
    const scale = target.width / Math.max(1, target.clientWidth);
    return offsetAt(event.offsetX * scale, event.offsetY * scale, row, viewport);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = 2 ** viewport.scale;
    const moves: Record<string, () => void> = {
      ArrowRight: () => choose((chosen ?? middle) + step),
      ArrowLeft: () => choose((chosen ?? middle) - step),
      ArrowDown: () => choose((chosen ?? middle) + step * viewport.columns),
      ArrowUp: () => choose((chosen ?? middle) - step * viewport.columns),
      PageDown: () => setTopRow(row + viewport.rows),
      PageUp: () => setTopRow(row - viewport.rows),
      Home: () => setTopRow(0),
      End: () => setTopRow(viewport.rowsAll),
      "+": () => zoomTo(zoom - 1, chosen ?? middle),
      "-": () => zoomTo(zoom + 1, chosen ?? middle),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };
  const under = hover ?? chosen;
  return (
    <figure class="page-map">
      <div class="page-map-row" style={{ minHeight: `${Math.min(heightPx, viewport.rowsAll * viewport.cellPx)}px` }}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the map is worked by keys, like a grid */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-roledescription="page map"
          aria-label={`Page frames of ${node} from ${first} on. Arrow keys choose a frame, plus and minus zoom.`}
          class={isRight ? "" : "waiting"}
          onKeyDown={onKeyDown}
          onWheel={(event) => {
            if (!event.ctrlKey && !event.metaKey) return;
            event.preventDefault();
            zoomTo(zoom + Math.sign(event.deltaY), offsetOf(event));
          }}
          onPointerDown={(event) => {
            drag.current = { y: event.clientY, row, moved: false };
            canvas.current?.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            if (drag.current === null) {
              setHover(offsetOf(event));
              return;
            }
            const movedPx = event.clientY - drag.current.y;
            if (Math.abs(movedPx) >= DRAG_PX) drag.current.moved = true;
            if (drag.current.moved) setTopRow(clampRow(drag.current.row - movedPx / viewport.cellPx, viewport));
          }}
          onPointerUp={(event) => {
            if (drag.current?.moved === false) choose(offsetOf(event));
            drag.current = null;
          }}
          onPointerLeave={() => setHover(null)}
          onDblClick={(event) => zoomTo(zoom - 2, offsetOf(event))}
        />
        {painted === null && error === null && (
          <p class="skeleton" role="status">
            Reading {formatWhole(count)} page frames…
          </p>
        )}
        <Strip canvas={strip} viewport={viewport} row={row} onRow={setTopRow} />
      </div>
      <figcaption>
        <span class="page-map-words">
          {map !== null && under !== null && under < count
            ? `${frameName(first + under, Math.min(2 ** viewport.scale, count - under))} · ${contentOf(map.head, map.runs, first + under, Math.min(2 ** viewport.scale, count - under))}`
            : scaleWords(viewport)}
        </span>
        <span class="buttons">
          <button
            type="button"
            onClick={() => zoomTo(zoom + 1, chosen ?? middle)}
            disabled={zoom >= fit}
            aria-label="Zoom out"
          >
            −
          </button>
          <button
            type="button"
            onClick={() => zoomTo(zoom - 1, chosen ?? middle)}
            disabled={zoom <= ZOOM_MIN}
            aria-label="Zoom in"
          >
            +
          </button>
          <button type="button" onClick={() => zoomTo(-3, chosen ?? middle)}>
            single pages
          </button>
          <button type="button" onClick={() => zoomTo(fit, 0)} disabled={zoom === fit}>
            all
          </button>
        </span>
      </figcaption>
      <MapLegend entries={painted?.entries ?? []} />
      <p class="quiet">
        {map === null
          ? ""
          : `As of ${formatMoment(map.head.watermarkMs)} · position ${formatWhole(map.head.position)} · ${formatWhole(map.runs.first.length)} runs${staleWords(map.head.watermarkMs, atMs)}`}
      </p>
      {error !== null && <p class="notice error">{map === null ? error : `Not fresh: ${error}`}</p>}
    </figure>
  );
}

function clampZoom(zoom: number, fit: number): number {
  return Number.isInteger(zoom) ? Math.max(ZOOM_MIN, Math.min(fit, zoom)) : fit;
}

function chosenOffset(place: Place, first: number, count: number): number | null {
  const pfn = Number(place.query["pfn"] ?? Number.NaN);
  return Number.isInteger(pfn) && pfn >= first && pfn < first + count ? pfn - first : null;
}

function scaleWords({ scale, cellPx }: Viewport): string {
  if (cellPx > 1) return "One square is one page · drag to move, click a page for its story";
  if (scale === 0) return "One pixel is one page · drag to move, double-click to zoom";
  return `One pixel is ${2 ** scale} pages · drag to move, double-click to zoom`;
}

const STALE_MS = 15_000;

function staleWords(watermarkMs: number, atMs: number | null): string {
  const ageMs = Date.now() - watermarkMs;
  return atMs === null && ageMs > STALE_MS ? ` · ${formatDuration(ageMs)} old` : "";
}

interface StripProps {
  readonly canvas: { current: HTMLCanvasElement | null };
  readonly viewport: Viewport;
  readonly row: number;
  readonly onRow: (row: number) => void;
}

/** The whole zone at the side, with what is seen of it marked; a click goes there. */
function Strip({ canvas, viewport, row, onRow }: StripProps) {
  const { rows, rowsAll, cellPx } = viewport;
  return (
    <div class="strip" style={{ height: `${rows * cellPx}px` }}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the map beside it has the keys */}
      <canvas
        ref={canvas}
        role="presentation"
        onClick={(event) => {
          const height = event.currentTarget.clientHeight;
          onRow(clampRow((event.offsetY / height) * rowsAll - rows / 2, viewport));
        }}
      />
      {rows < rowsAll && (
        <i style={{ top: `${(100 * row) / rowsAll}%`, height: `${Math.max(1, (100 * rows) / rowsAll)}%` }} />
      )}
    </div>
  );
}
