import type { NodeAnswer, SignalName } from "../../../src/schemas/index.ts";
import { getNode, getNodeFragmentation, getNodeLatency } from "../api.ts";
import { Card, Choice, CoverageBadge, Staleness, Tile, Waiting } from "../components/bits.tsx";
import { Cgroups } from "../components/cgroups.tsx";
import { FreeBlocks } from "../components/free-blocks.tsx";
import { coursesOf, OrderCourses } from "../components/order-course.tsx";
import { LengthChoice, lengthOf, SIGNALS } from "../components/period.tsx";
import { Quantiles } from "../components/quantiles.tsx";
import { TimeSlider } from "../components/time-slider.tsx";
import { Trajectory } from "../components/trajectory.tsx";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatNines,
  formatShare,
  formatTime,
  formatUs,
  NOTHING,
  orNothing,
} from "../format.ts";
import type { NodeLine } from "../nodes.ts";
import { PageMap } from "../page-map/page-map.tsx";
import { changeQuery, linkTo, momentOf, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";
import { courseOf } from "./farm.tsx";
import { toneOf } from "./fleet.tsx";

/** One node, now or at a moment: its memory as a picture, its latencies over time, and how sure all of that is. */
export function NodeView({ place, line }: { readonly place: Place; readonly line: NodeLine | null }) {
  const node = place.name;
  const atMs = momentOf(place);
  const length = lengthOf(place);
  const period = { toMs: atMs, lengthMs: length.ms };
  const everyMs = atMs === null ? 5_000 : null;
  const signal = (place.query["signal"] ?? "runq_delay") as SignalName;
  const known = signal in SIGNALS ? signal : "runq_delay";
  const answer = usePoll((abort) => getNode(node, abort), 2_000, node);
  const course = usePoll(
    (abort) => getNodeFragmentation(node, null, { ...period, toMs: null }, abort),
    10_000,
    `${node}/${length.name}`,
  );
  const memory = usePoll(
    (abort) => getNodeFragmentation(node, null, period, abort),
    everyMs,
    `${node}/${atMs}/${length.name}`,
  );
  const latency = usePoll(
    (abort) => getNodeLatency(node, known, period, abort),
    everyMs,
    `${node}/${atMs}/${length.name}/${known}`,
  );
  if (answer.value === null)
    return <Waiting polled={answer} empty={`No node "${node}" is known.`} what="Reading the node…" />;
  const now = answer.value;
  const huge = course.value?.series.find((series) => series.order === now.facts?.hugeOrder);
  return (
    <>
      <h1>
        {now.label || now.node} <small>{describeHost(now)}</small> <CoverageBadge coverage={now.coverage} />
      </h1>
      <Staleness polled={answer} />
      {!now.online && (
        <p class="notice">
          This node is offline; what follows is the last that is known, of {formatMoment(now.lastEventMs)}.
        </p>
      )}
      {atMs === null ? (
        <Tiles now={now} line={line} />
      ) : (
        <PastTiles memory={memory.value} latency={latency.value} atMs={atMs} />
      )}
      <Card title="When" tools={<LengthChoice place={place} />}>
        <TimeSlider
          atMs={atMs}
          lengthMs={length.ms}
          course={courseOf(course.value === null ? null : { ...course.value, points: huge?.points ?? [] }, length.ms)}
          courseLabel="Unusable free memory of this node over time"
        />
      </Card>
      <Card
        title="Physical memory"
        note={
          atMs === null
            ? "every page frame, rebuilt from events"
            : `every page frame as it was at ${formatMoment(atMs)}`
        }
      >
        <PageMap place={place} atMs={atMs} />
        <Trajectory place={place} node={node} />
      </Card>
      <div class="columns">
        <Card title="Free blocks by order over time">
          {memory.value === null ? (
            <Waiting polled={memory} empty="No window is kept of this node." what="Reading windows…" />
          ) : (
            <OrderCourses courses={coursesOf(memory.value)} hugeOrder={memory.value.hugeOrder} />
          )}
        </Card>
        <Card title="Free blocks" note={atMs === null ? "now" : `at ${formatMoment(atMs)}`}>
          <FreeBlocks node={node} atMs={atMs} />
        </Card>
      </div>
      <div class="columns">
        <Card
          title="Latency"
          tools={
            <Choice label="Signal" value={known} options={SIGNALS} onChange={(name) => changeQuery({ signal: name })} />
          }
        >
          {latency.value === null ? (
            <Waiting polled={latency} empty="No window is kept of this node." what="Reading latencies…" />
          ) : (
            <Quantiles points={latency.value.points} title={`Quantiles of ${SIGNALS[known]} over time`} />
          )}
        </Card>
        <Card title="Cgroups" note="by P99, since first seen">
          <Cgroups cgroups={now.cgroups} signal={known} />
        </Card>
      </div>
    </>
  );
}

function describeHost(now: NodeAnswer): preact.ComponentChildren {
  const { facts } = now;
  return (
    <>
      farm <a href={linkTo("farms", now.farm)}>{now.farm}</a>
      {facts !== null &&
        ` · Linux ${facts.kernelRelease} · ${facts.cpus} CPUs · ${facts.source === "bpf" ? "live from the kernel" : facts.source}`}
    </>
  );
}

function p99(now: NodeAnswer, name: SignalName): string {
  const summary = now.latency.find((each) => each.signal === name);
  return orNothing(summary?.quantiles.find((each) => each.quantile === 0.99)?.valueUs, formatUs);
}

function Tiles({ now, line }: { readonly now: NodeAnswer; readonly line: NodeLine | null }) {
  const pageBytes = now.facts?.pageSizeBytes ?? 4096;
  const lost = now.balances.pages.lost + now.balances.runq.lost;
  const ageMs = Math.max(0, Date.now() - (line?.lastEventMs ?? now.lastEventMs));
  return (
    <section class="tiles" aria-label="Key figures">
      <Tile
        label="unusable for huge pages"
        value={orNothing(now.unusableIndex, formatShare)}
        tone={toneOf(now.unusableIndex)}
        note="of free memory lies in smaller blocks"
      />
      <Tile
        label="free memory"
        value={formatBytes((line?.freePages ?? now.freePages) * pageBytes)}
        note={`of ${formatBytes(now.managedPages * pageBytes)} managed`}
      />
      <Tile label="run-queue delay P99" value={p99(now, "runq_delay")} note="runnable to running, since first seen" />
      <Tile label="GC pause P99" value={p99(now, "gc_pause")} note="Node.js and Go processes" />
      <Tile
        label="map agrees with the kernel"
        value={orNothing(now.agreement?.rightRatio, formatNines)}
        note={
          now.agreement === null
            ? "judged by the next full reading"
            : `at ${formatTime(now.agreement.atMs)}, before correction`
        }
      />
      <Tile
        label="events folded"
        value={formatCount(now.balances.pages.folded + now.balances.runq.folded)}
        note={`${formatCount(lost)} lost · newest ${formatDuration(ageMs)} ago`}
      />
    </section>
  );
}

function PastTiles(props: {
  readonly memory: Awaited<ReturnType<typeof getNodeFragmentation>> | null;
  readonly latency: Awaited<ReturnType<typeof getNodeLatency>> | null;
  readonly atMs: number;
}) {
  const { memory, latency } = props;
  const point = memory?.series.find((series) => series.order === memory.hugeOrder)?.points.at(-1);
  const values = latency?.points.findLast((each) => each.count > 0)?.quantiles;
  const quantile = (wanted: number): string =>
    orNothing(values?.find((each) => each.quantile === wanted)?.valueUs, formatUs);
  const when = `in the window before ${formatMoment(props.atMs)}`;
  return (
    <section class="tiles" aria-label="Key figures at that moment">
      <Tile
        label="unusable for huge pages"
        value={point === undefined ? NOTHING : formatShare(point.unusableIndex)}
        tone={toneOf(point?.unusableIndex ?? null)}
        note={when}
      />
      <Tile
        label="free memory"
        value={point === undefined ? NOTHING : formatBytes(point.freePages * 4096)}
        note={when}
      />
      <Tile
        label="huge pages free"
        value={point === undefined ? NOTHING : formatCount(point.usablePages / 2 ** (memory?.hugeOrder ?? 9))}
        note="blocks that one fits into"
      />
      <Tile label="P50" value={quantile(0.5)} note="of the chosen signal" />
      <Tile label="P99" value={quantile(0.99)} note={`P95 ${quantile(0.95)}`} />
    </section>
  );
}
