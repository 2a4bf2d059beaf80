import { useMemo, useState } from "preact/hooks";
import type { FarmSummary } from "../../../src/schemas/index.ts";
import { getAlerts, getFarms } from "../api.ts";
import { AlertLines } from "../components/alert-lines.tsx";
import { Card, Choice, CoverageBadge, Tile } from "../components/bits.tsx";
import { FleetGrid } from "../components/fleet-grid.tsx";
import { MEASURES, type MeasureName } from "../components/measures.ts";
import { NodeTable } from "../components/node-table.tsx";
import { formatDuration, formatShare, formatTime, formatUs, formatWhole, NOTHING } from "../format.ts";
import type { NodeLine, Nodes } from "../nodes.ts";
import { changeQuery, linkTo, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";

/** Farms that have a tile of their own; more are a table. */
const FARM_TILES_MAX = 8;

/** Every node a cell, coloured by the chosen measure; farms above, the worst nodes and the alerts below. */
export function FleetView(props: {
  readonly place: Place;
  readonly nodes: Nodes | null;
  readonly error: string | null;
  readonly alertsHeard: number;
}) {
  const { place, nodes } = props;
  const measure = (place.query["measure"] ?? "unusable") as MeasureName;
  const known = measure in MEASURES ? measure : "unusable";
  const farms = usePoll(getFarms, 5_000, "farms");
  const alerts = usePoll(getAlerts, 10_000, `alerts/${props.alertsHeard}`);
  const lines = useMemo(() => [...(nodes?.values() ?? [])].sort(byFarmAndNode), [nodes]);
  if (nodes === null) {
    if (props.error !== null) return null;
    return (
      <p class="skeleton tall" role="status">
        Reading the fleet…
      </p>
    );
  }
  if (lines.length === 0) return <NothingYet />;
  const online = lines.reduce((count, node) => count + Number(node.online), 0);
  return (
    <>
      <h1 class="hidden">Fleet</h1>
      <Farms farms={farms.value?.farms ?? []} />
      <Card
        title="Fleet"
        note={`${formatWhole(lines.length)} node${lines.length === 1 ? "" : "s"}, ${formatWhole(online)} online`}
        tools={
          <label>
            coloured by{" "}
            <select
              value={known}
              onChange={(event) =>
                changeQuery({ measure: event.currentTarget.value === "unusable" ? "" : event.currentTarget.value })
              }
            >
              {Object.entries(MEASURES).map(([name, { title }]) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        }
      >
        <FleetGrid nodes={lines} measure={known} />
      </Card>
      <div class="columns wide-left">
        <Card title="Nodes" note={`worst first, by ${MEASURES[known].title}`}>
          <NodeTable nodes={lines} measure={known} place={place} />
        </Card>
        <Card title="Alerts" tools={<a href={linkTo("alerts")}>all alerts</a>}>
          <AlertLines answer={alerts} limit={8} />
        </Card>
      </div>
    </>
  );
}

function byFarmAndNode(a: NodeLine, b: NodeLine): number {
  if (a.farm !== b.farm) return a.farm < b.farm ? -1 : 1;
  return a.node < b.node ? -1 : 1;
}

function NothingYet() {
  return (
    <div class="empty big">
      <h1>No node has spoken yet</h1>
      <p>
        The first batch arrives within a second of an emitter's start. On this machine <code>npm start</code> runs one;
        on another host <code>farmscope emit</code> with the same <code>FARMSCOPE_NATS_URL</code>.
      </p>
      <p>
        <a href={linkTo("status")}>Status</a> says whether the log and the store are there.
      </p>
    </div>
  );
}

function Farms({ farms }: { readonly farms: readonly FarmSummary[] }) {
  const [isAll, setAll] = useState(false);
  if (farms.length === 0) return <Tile label="farms" value="…" note="the first ten-second window has not closed yet" />;
  const worst = [...farms].sort((a, b) => (b.unusableIndex ?? 0) - (a.unusableIndex ?? 0));
  const shown = isAll ? worst : worst.slice(0, FARM_TILES_MAX);
  return (
    <>
      <section class="tiles farms" aria-label="Farms">
        {shown.map((farm) => (
          <FarmTile key={farm.farm} farm={farm} />
        ))}
      </section>
      {worst.length > FARM_TILES_MAX && (
        <p>
          <Choice
            label="Farms shown"
            value={isAll ? "all" : "worst"}
            options={{ worst: `the ${FARM_TILES_MAX} worst farms`, all: `all ${worst.length}` }}
            onChange={(value) => setAll(value === "all")}
          />
        </p>
      )}
    </>
  );
}

/** Source: services/alerting/rules/default.yaml, FarmFragmented. */
const WARNING_FROM = 0.6;
const BAD_FROM = 0.85;

export function toneOf(index: number | null): "good" | "warning" | "bad" | undefined {
  if (index === null) return undefined;
  return index >= BAD_FROM ? "bad" : index >= WARNING_FROM ? "warning" : "good";
}

function FarmTile({ farm }: { readonly farm: FarmSummary }) {
  const p99 = farm.latency
    .find((summary) => summary.signal === "runq_delay")
    ?.quantiles.find((value) => value.quantile === 0.99)?.valueUs;
  return (
    <a class="tile-link" href={linkTo("farms", farm.farm)}>
      <Tile
        label={`farm ${farm.farm}`}
        value={farm.unusableIndex === null ? NOTHING : formatShare(farm.unusableIndex)}
        tone={toneOf(farm.unusableIndex)}
        note={
          <>
            of free memory is unusable for huge pages
            <br />
            run-queue P99 {p99 === null || p99 === undefined ? NOTHING : formatUs(p99)} · {farm.nodesOnline} of{" "}
            {farm.nodesKnown} nodes
            <br />
            <WindowAge endMs={farm.windowStartMs + farm.windowWidthMs} /> <CoverageBadge coverage={farm.coverage} />
          </>
        }
      />
    </a>
  );
}

/** A window closes every ten seconds; one that is this old says that closing lags. */
const WINDOW_LATE_MS = 60_000;

function WindowAge({ endMs }: { readonly endMs: number }) {
  const ageMs = Date.now() - endMs;
  if (ageMs < WINDOW_LATE_MS) return <>window to {formatTime(endMs)}</>;
  return <span class="badge warning">newest window is {formatDuration(ageMs)} old</span>;
}
