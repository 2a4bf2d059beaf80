import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PageMapAnswer } from "../../../src/schemas/index.ts";
import { getPageMapFrame, getPicture } from "../api.ts";
import { formatBytes, formatTime } from "../format.ts";
import { usePoll } from "../use-poll.ts";
import { Legend } from "./legend.tsx";

/** Pixels that a picture may have; more would be finer than the eye and slower than a second. */
const PIXELS_MAX = 512 * 1024;
const REFRESH_MS = 1_000;

interface Span {
  readonly zone: string;
  readonly first: number;
  readonly count: number;
}

interface Picture extends Span {
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

function picture(span: Span, width: number): Picture {
  let scale = 0;
  while (span.count / 2 ** scale > PIXELS_MAX || span.count / 2 ** scale / width > 640) scale++;
  return { ...span, scale, width, height: Math.max(1, Math.ceil(span.count / 2 ** scale / width)) };
}

/** The physical memory of a node as a picture, row by row from the lowest page frame, new every second. */
export function PageMap({ node }: { readonly node: string }) {
  const frame = usePoll((signal) => getPageMapFrame(node, signal), REFRESH_MS, node);
  const [zone, setZone] = useState<string | null>(null);
  if (frame.value === null) {
    return <p class={frame.error === null ? "quiet" : "notice error"}>{frame.error ?? "Asking for the page map…"}</p>;
  }
  const zones = frame.value.zones
    .map(({ initialised, ...zone }) => ({ ...zone, count: Math.min(zone.count, initialised) }))
    .filter((candidate) => candidate.count > 0);
  const chosen = zones.find((candidate) => candidate.zone === zone) ?? largest(zones);
  if (chosen === undefined) return <p class="quiet">This node has not told its zones yet.</p>;
  return (
    <div>
      <div class="tabs" role="tablist" aria-label="Zones">
        {zones.map((candidate) => (
          <button
            key={candidate.zone}
            type="button"
            role="tab"
            aria-selected={candidate === chosen}
            onClick={() => setZone(candidate.zone)}
          >
            {candidate.zone} <small>{formatBytes(candidate.count * (frame.value?.pageSizeBytes ?? 4096))}</small>
          </button>
        ))}
      </div>
      <Canvas node={node} answer={frame.value} span={chosen} />
      <Legend entries={frame.value.legend} />
      {frame.error !== null && <p class="notice error">Not fresh: {frame.error}</p>}
    </div>
  );
}

function largest<T extends { readonly count: number }>(zones: readonly T[]): T | undefined {
  return [...zones].sort((a, b) => b.count - a.count)[0];
}

interface CanvasProps {
  readonly node: string;
  readonly answer: PageMapAnswer;
  readonly span: Span;
}

function Canvas({ node, answer, span }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState("");
  const [rowPixels, setRowPixels] = useState(1024);
  useEffect(() => {
    const available = canvas.current?.parentElement?.clientWidth ?? 1024;
    setRowPixels(available < 600 ? 384 : 1024);
  }, []);
  const wanted = useMemo(() => picture(span, rowPixels), [span.zone, span.first, span.count, rowPixels]);
  const bitmap = usePoll(
    (signal) => getPicture({ node, ...wanted }, signal),
    REFRESH_MS,
    `${node}/${wanted.first}/${wanted.count}/${wanted.scale}/${wanted.width}`,
  );
  useEffect(() => {
    const target = canvas.current;
    if (target === null || bitmap.value === null) return;
    target.width = bitmap.value.width;
    target.height = bitmap.value.height;
    target.getContext("2d")?.drawImage(bitmap.value, 0, 0);
    target.dataset["drawn"] = String(Number(target.dataset["drawn"] ?? 0) + 1);
  }, [bitmap.value]);
  const point = (event: MouseEvent): void => {
    const target = canvas.current;
    if (target === null || target.clientWidth === 0) return;
    const column = Math.floor((event.offsetX / target.clientWidth) * target.width);
    const row = Math.floor((event.offsetY / target.clientHeight) * target.height);
    setHover(describe(target, answer, wanted, row * target.width + column, column, row));
  };
  const framesPerPixel = 2 ** wanted.scale;
  return (
    <figure class="page-map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Page frames of zone ${span.zone}: allocated, per-CPU and free memory by order`}
        onMouseMove={point}
        onMouseLeave={() => setHover("")}
      />
      <figcaption class="quiet">
        {hover !== ""
          ? hover
          : `One pixel is ${framesPerPixel === 1 ? "one page" : `${framesPerPixel} pages`} · as of ${formatTime(answer.watermarkMs)} · position ${answer.position}`}
      </figcaption>
      {bitmap.error !== null && <p class="notice error">{bitmap.error}</p>}
    </figure>
  );
}

/** What lies under a pixel: its frames, and the state that its colour stands for. */
function describe(
  target: HTMLCanvasElement,
  answer: PageMapAnswer,
  shown: Picture,
  pixel: number,
  column: number,
  row: number,
): string {
  const first = shown.first + pixel * 2 ** shown.scale;
  if (pixel < 0 || first >= shown.first + shown.count) return "";
  const label = labelAt(target, answer, column, row);
  const last = first + 2 ** shown.scale - 1;
  const frames = first === last ? `page frame ${first}` : `page frames ${first}–${last}`;
  return label === "" ? frames : `${frames} · ${label}`;
}

/** What the legend says of a pixel's colour: a mixed pixel is a greyer shade of its largest state, so the nearest counts. */
function labelAt(target: HTMLCanvasElement, answer: PageMapAnswer, column: number, row: number): string {
  const data = target.getContext("2d")?.getImageData(column, row, 1, 1).data;
  if (data === undefined) return "";
  const distance = (colour: string): number =>
    [1, 3, 5].reduce(
      (sum, at, channel) => sum + (Number.parseInt(colour.slice(at, at + 2), 16) - data[channel]!) ** 2,
      0,
    );
  const nearest = [...answer.legend].sort((a, b) => distance(a.colour) - distance(b.colour))[0];
  if (nearest === undefined) return "";
  return distance(nearest.colour) === 0 ? nearest.label : `mostly ${nearest.label}`;
}
