import type { TrajectoryStep } from "../../../src/schemas/index.ts";
import { getTrajectory } from "../api.ts";
import { formatBytes, formatDuration, formatMoment, formatWhole, NOTHING, orNothing } from "../format.ts";
import { changeQuery, momentOf, momentText, type Place } from "../route.ts";
import { usePoll } from "../use-poll.ts";
import { Scroll, Staleness, Waiting } from "./bits.tsx";

/** The API folds the log for this: ten minutes are read within a second or so. */
const LENGTH_MS = 600_000;

const KINDS: Readonly<Record<TrajectoryStep["kind"], string>> = {
  alloc: "● allocated",
  reuse: "● allocated again",
  free: "○ freed",
  drain: "· to the buddy allocator",
  refill: "· to a per-CPU list",
};

/** The life of the chosen page: who had it, since when, for how long. */
export function Trajectory({ place, node }: { readonly place: Place; readonly node: string }) {
  const pfn = Number(place.query["pfn"] ?? Number.NaN);
  if (!Number.isInteger(pfn)) return null;
  return <Life key={pfn} node={node} pfn={pfn} atMs={momentOf(place)} />;
}

function Life({ node, pfn, atMs }: { readonly node: string; readonly pfn: number; readonly atMs: number | null }) {
  const answer = usePoll(
    (abort) => getTrajectory(node, pfn, { toMs: atMs, lengthMs: LENGTH_MS }, abort),
    atMs === null ? 10_000 : null,
    `${node}/${pfn}/${atMs}`,
  );
  return (
    <div class="life">
      <div class="card-head">
        <h3>
          Page frame {formatWhole(pfn)} <small>0x{pfn.toString(16)}, over ten minutes</small>
        </h3>
        <button type="button" onClick={() => changeQuery({ pfn: "" })}>
          close
        </button>
      </div>
      {answer.value === null ? (
        <Waiting
          polled={answer}
          empty="The life of single pages is not told here."
          what="Reading the page's life from the log…"
        />
      ) : (
        <>
          <Staleness polled={answer} />
          <Steps steps={answer.value.steps} held={answer.value.held} />
          <p class="quiet">
            {formatWhole(answer.value.eventsRead)} page events of the node were looked at
            {answer.value.omitted > 0 && `; ${formatWhole(answer.value.omitted)} older steps are left out`}
            {answer.value.coverage < 1 && "; events were lost in this time, so steps may be missing"}
          </p>
        </>
      )}
    </div>
  );
}

function Steps({ steps, held }: { readonly steps: readonly TrajectoryStep[]; readonly held: boolean | null }) {
  if (steps.length === 0) {
    const state = held === null ? "its state is not known" : held ? "it stayed allocated" : "it stayed free";
    return <p class="empty">Nothing happened to this page in that time: {state}.</p>;
  }
  return (
    <Scroll label="Life of the page">
      <table>
        <thead>
          <tr>
            <th>when</th>
            <th>what</th>
            <th>block</th>
            <th>by</th>
            <th class="number">after</th>
          </tr>
        </thead>
        <tbody>
          {[...steps].reverse().map((step) => (
            <tr key={`${step.atMs}/${step.kind}`}>
              <td>
                <button
                  type="button"
                  class="linkish"
                  onClick={() => changeQuery({ at: momentText(Math.round(step.atMs)) })}
                >
                  {formatMoment(step.atMs)}
                </button>
              </td>
              <td>
                {KINDS[step.kind]}
                {step.afterLoss && <span class="badge warning">events lost before</span>}
                {step.broken && <span class="badge warning">steps missing before</span>}
              </td>
              <td>
                {formatBytes(2 ** step.order * 4096)} <small>from {formatWhole(step.first)}</small>
              </td>
              <td class="path">
                {step.cgroupPath ?? (step.cgroup === 0 ? NOTHING : `cgroup ${step.cgroup}`)}{" "}
                <small>pid {step.pid}</small>
              </td>
              <td class="number">{orNothing(step.sinceMs, formatDuration)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
