import { useMemo, useState } from "preact/hooks";
import { getAlerts, getFarms } from "../api.ts";
import { FleetGrid, MEASURES, type MeasureName } from "../components/fleet-grid.tsx";
import { Tile } from "../components/tile.tsx";
import { formatBytes, formatShare, formatTime, formatUs } from "../format.ts";
import type { NodeLine, Nodes } from "../nodes.ts";
import { nodeLink } from "../route.ts";
import { usePoll } from "../use-poll.ts";

/** Every node a cell, coloured by the chosen measure; farms above, the worst nodes and the alerts below. */
export function FleetView({ nodes }: { readonly nodes: Nodes | null }) {
  const [measure, setMeasure] = useState<MeasureName>("unusable");
  const farms = usePoll(getFarms, 5_000, "farms");
  const alerts = usePoll(getAlerts, 5_000, "alerts");
  const lines = useMemo(() => [...(nodes?.values() ?? [])].sort((a, b) => (a.node < b.node ? -1 : 1)), [nodes]);
  if (nodes === null) return <p class="notice">Reading the fleet…</p>;
  if (lines.length === 0)
    return <p class="notice">No node has spoken yet. The first batch arrives within a second of an emitter's start.</p>;
  return (
    <>
      <section class="tiles" aria-label="Farms">
        {(farms.value?.farms ?? []).map((farm) => (
          <Tile
            key={farm.farm}
            label={`farm ${farm.farm}`}
            value={farm.unusableIndex === null ? "–" : formatShare(farm.unusableIndex)}
            note={`of free memory unusable for huge pages, in the window that closed at ${formatTime(farm.windowStartMs + farm.windowWidthMs)} · ${farm.nodesOnline} of ${farm.nodesKnown} nodes · coverage ${formatShare(farm.coverage)}`}
          />
        ))}
        {(farms.value?.farms ?? []).length === 0 && (
          <Tile label="farms" value="…" note="the first ten-second window has not closed yet" />
        )}
      </section>
      <section class="card">
        <div class="card-head">
          <h2>
            Fleet <small>{lines.length === 1 ? "1 node" : `${lines.length} nodes`}</small>
          </h2>
          <label>
            coloured by{" "}
            <select value={measure} onChange={(event) => setMeasure(event.currentTarget.value as MeasureName)}>
              {Object.entries(MEASURES).map(([name, { title }]) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </div>
        <FleetGrid nodes={lines} measure={measure} />
      </section>
      <NodeTable nodes={lines} measure={measure} />
      <section class="card">
        <h2>Alerts</h2>
        {(alerts.value?.events ?? []).length === 0 ? (
          <p class="quiet">None so far.</p>
        ) : (
          <ul class="alerts">
            {(alerts.value?.events ?? []).slice(0, 10).map((alert) => (
              <li key={alert.id}>
                <time>{formatTime(alert.atMs)}</time> <b class={alert.severity ?? ""}>{alert.transition}</b>{" "}
                {alert.annotations["summary"] ?? alert.alertKey}
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

const ROWS_MAX = 20;

/** The nodes with the highest value of the chosen measure. */
function NodeTable({ nodes, measure }: { readonly nodes: readonly NodeLine[]; readonly measure: MeasureName }) {
  const { read } = MEASURES[measure];
  const worst = [...nodes].sort((a, b) => (read(b) ?? -1) - (read(a) ?? -1)).slice(0, ROWS_MAX);
  return (
    <section class="card scroll">
      <h2>
        Nodes <small>worst {worst.length} first</small>
      </h2>
      <table>
        <thead>
          <tr>
            <th>node</th>
            <th>farm</th>
            <th>unusable</th>
            <th>free</th>
            <th>run-queue P99</th>
            <th>GC P99</th>
            <th>map right</th>
            <th>coverage</th>
          </tr>
        </thead>
        <tbody>
          {worst.map((node) => (
            <tr key={node.node} class={node.online ? "" : "offline"}>
              <td>
                <a href={nodeLink(node.node)}>{node.label || node.node}</a>
              </td>
              <td>{node.farm}</td>
              <td>{node.unusableIndex === null ? "–" : formatShare(node.unusableIndex)}</td>
              <td>{formatBytes(node.freePages * 4096)}</td>
              <td>{node.runqP99Us === null ? "–" : formatUs(node.runqP99Us)}</td>
              <td>{node.gcP99Us === null ? "–" : formatUs(node.gcP99Us)}</td>
              <td>{node.rightRatio === null ? "–" : formatShare(node.rightRatio)}</td>
              <td>{formatShare(node.coverage)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
