import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PageMapAnswer } from "../../../src/schemas/index.ts";
import { nodePath } from "../api.ts";
import { formatBytes } from "../format.ts";
import { getJson, queryOf } from "../http.ts";
import { changeQuery, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";
import { MODES, type Mode } from "./modes.ts";
import { PageCanvas } from "./page-canvas.tsx";

interface Zone {
  readonly zone: string;
  readonly first: number;
  readonly count: number;
}

/** The physical memory of a node as a picture, from the lowest page frame on, now or at a moment. */
export function PageMap({ place, atMs }: { readonly place: Place; readonly atMs: number | null }) {
  const node = place.name;
  const head = usePoll(
    (signal) => getJson<PageMapAnswer>(`${nodePath(node)}/pages${queryOf({ first: "0", count: 1, at: atMs })}`, signal),
    atMs === null ? 30_000 : null,
    `${node}/${atMs}`,
  );
  const mode = (place.query["by"] ?? "state") as Mode;
  const zones = useMemo(() => zonesOf(head.value), [head.value]);
  const [isTall, setTall] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(0);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidthPx(element.clientWidth));
    observer.observe(element);
    setWidthPx(element.clientWidth);
    return () => observer.disconnect();
  }, [head.value === null]);
  if (head.value === null) {
    return (
      <div class="page-map-wait" role="status">
        {head.error === null ? <Skeleton text="Asking for the page map…" /> : <p class="notice error">{head.error}</p>}
      </div>
    );
  }
  const zone = zones.find((candidate) => candidate.zone === place.query["zone"]) ?? largest(zones);
  if (zone === undefined) return <p class="quiet">This node has not told its zones yet.</p>;
  const pageBytes = head.value.pageSizeBytes;
  return (
    <div ref={host}>
      <div class="toolbar">
        <fieldset class="choice" aria-label="Zone">
          {zones.map((candidate) => (
            <button
              key={candidate.zone}
              type="button"
              aria-pressed={candidate === zone}
              onClick={() => changeQuery({ zone: candidate.zone, pfn: "", zoom: "", top: "" })}
            >
              {candidate.zone} <small>{formatBytes(candidate.count * pageBytes)}</small>
            </button>
          ))}
        </fieldset>
        <label>
          coloured by{" "}
          <select value={mode} onChange={(event) => changeQuery({ by: event.currentTarget.value })}>
            {Object.entries(MODES).map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={isTall} onChange={(event) => setTall(event.currentTarget.checked)} /> tall
        </label>
      </div>
      {widthPx > 0 && (
        <PageCanvas
          key={`${node}/${zone.zone}`}
          place={place}
          node={node}
          first={zone.first}
          count={zone.count}
          atMs={atMs}
          mode={mode in MODES ? mode : "state"}
          widthPx={widthPx - 24}
          heightPx={isTall ? 860 : widthPx < 600 ? 300 : 420}
        />
      )}
    </div>
  );
}

/** Zones with frames that the kernel has initialised. */
function zonesOf(answer: PageMapAnswer | null): Zone[] {
  return (answer?.zones ?? [])
    .map(({ zone, first, count, initialised }) => ({ zone, first, count: Math.min(count, initialised) }))
    .filter((zone) => zone.count > 0);
}

function largest(zones: readonly Zone[]): Zone | undefined {
  return [...zones].sort((a, b) => b.count - a.count)[0];
}

function Skeleton({ text }: { readonly text: string }) {
  return <p class="skeleton tall">{text}</p>;
}
