import { useState } from "preact/hooks";
import type { NodeAnswer, SignalName } from "../../../src/schemas/index.ts";
import { getNode } from "../api.ts";
import { FreeBlocks } from "../components/free-blocks.tsx";
import { LatencyChart } from "../components/latency-chart.tsx";
import { PageMap } from "../components/page-map.tsx";
import { Tile } from "../components/tile.tsx";
import { formatBytes, formatCount, formatShare, formatTime, formatUs } from "../format.ts";
import type { NodeLine } from "../nodes.ts";
import { usePoll } from "../use-poll.ts";

/** One node: its memory as a picture, its latencies over time, and how sure all of that is. */
export function NodeView({ node, line }: { readonly node: string; readonly line: NodeLine | null }) {
  const answer = usePoll((signal) => getNode(node, signal), 2_000, node);
  const [signal, setSignal] = useState<SignalName>("runq_delay");
  if (answer.value === null) {
    return (
      <p class={answer.error === null ? "notice" : "notice error"}>
        {answer.error ?? "Reading the node…"} <a href="#/">Back to the fleet</a>
      </p>
    );
  }
  const now = answer.value;
  return (
    <>
      {answer.error !== null && (
        <p class="notice error">
          Shown as of {formatTime(Date.parse(now.at))}: {answer.error}
        </p>
      )}
      {!now.online && <p class="notice">This node is offline; what follows is the last that is known.</p>}
      <h1>
        {now.label || now.node} <small>{describeHost(now)}</small>
      </h1>
      <Tiles now={now} line={line} />
      <section class="card">
        <h2>
          Physical memory <small>every page frame, rebuilt from events</small>
        </h2>
        <PageMap node={node} />
      </section>
      <div class="columns">
        <section class="card">
          <div class="card-head">
            <h2>Latency</h2>
            <label>
              signal{" "}
              <select value={signal} onChange={(event) => setSignal(event.currentTarget.value as SignalName)}>
                <option value="runq_delay">run-queue delay</option>
                <option value="gc_pause">GC pause</option>
              </select>
            </label>
          </div>
          <LatencyChart node={node} signal={signal} />
        </section>
        <section class="card scroll">
          <h2>Free blocks by order</h2>
          <FreeBlocks node={node} />
        </section>
      </div>
    </>
  );
}

function describeHost(now: NodeAnswer): string {
  const facts = now.facts;
  const source = facts === null ? "" : ` · ${facts.source === "bpf" ? "live from the kernel" : facts.source}`;
  return `farm ${now.farm}${facts === null ? "" : ` · Linux ${facts.kernelRelease} · ${facts.cpus} CPUs`}${source}`;
}

function Tiles({ now, line }: { readonly now: NodeAnswer; readonly line: NodeLine | null }) {
  const p99 = (name: SignalName): string => {
    const value = now.latency
      .find((summary) => summary.signal === name)
      ?.quantiles.find((quantile) => quantile.quantile === 0.99)?.valueUs;
    return value === null || value === undefined ? "–" : formatUs(value);
  };
  const pageBytes = now.facts?.pageSizeBytes ?? 4096;
  const lost = now.balances.pages.lost + now.balances.runq.lost;
  return (
    <section class="tiles" aria-label="Key figures">
      <Tile
        label="free memory"
        value={formatBytes((line?.freePages ?? now.freePages) * pageBytes)}
        note={`of ${formatBytes(now.managedPages * pageBytes)} managed`}
      />
      <Tile
        label="unusable for huge pages"
        value={now.unusableIndex === null ? "–" : formatShare(now.unusableIndex)}
        note="share of free memory outside blocks of a huge page's order"
      />
      <Tile label="run-queue delay P99" value={p99("runq_delay")} note="wake-up to running, since first seen" />
      <Tile label="GC pause P99" value={p99("gc_pause")} note="Node.js and Go processes on this host" />
      <Tile
        label="events folded"
        value={formatCount(now.balances.pages.folded + now.balances.runq.folded)}
        note={`${formatCount(lost)} lost · coverage ${formatShare(now.coverage)}`}
      />
      <Tile
        label="map agrees with the kernel"
        value={now.agreement?.rightRatio == null ? "–" : formatShare(now.agreement.rightRatio)}
        note={
          now.agreement === null
            ? "judged by the next full reading of the kernel"
            : `at ${formatTime(now.agreement.atMs)}, before correction`
        }
      />
    </section>
  );
}
