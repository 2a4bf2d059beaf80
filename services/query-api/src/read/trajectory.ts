import { type TrajectoryStep as Step, TICKS_PER_MS, Trajectory, tickToUnixMs } from "@farmscope/domain";
import type { LoggedBatch } from "@farmscope/history";
import type { NodeView } from "@farmscope/proto";
import type { QueryContext } from "../context.ts";
import { lostOf } from "../measure/batch-clock.ts";
import { CgroupPaths } from "../measure/cgroup-paths.ts";
import type { TrajectoryAnswer, TrajectoryStep } from "../schemas/index.ts";

export interface TrajectoryRequest {
  readonly view: NodeView;
  readonly pfn: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lists: boolean;
  readonly limit: number;
}

/** One boot's part of a page's life: ticks start over with each. */
class BootTrajectory {
  readonly trajectory: Trajectory;
  /** From which tick on which offset holds, in microseconds. */
  readonly #offsets: { readonly tick: number; readonly offsetUs: number }[] = [];

  constructor({ pfn, lists, limit }: TrajectoryRequest) {
    this.trajectory = new Trajectory(pfn, { withLists: lists, stepsMax: limit });
  }

  apply({ item, content }: LoggedBatch): void {
    const { clock } = item.batch;
    const offsetUs = Number(clock?.realtimeOffsetUs ?? 0n);
    if (this.#offsets.at(-1)?.offsetUs !== offsetUs) {
      this.#offsets.push({ tick: Number(clock?.baseTick ?? 0n), offsetUs });
    }
    this.trajectory.apply(content.pages);
  }

  dateOf(tick: number): number {
    const found = this.#offsets.findLast((entry) => entry.tick <= tick) ?? this.#offsets[0];
    return tickToUnixMs(tick, { realtimeOffsetUs: found?.offsetUs ?? 0 });
  }
}

/**
 * What happened to a page in a period, from the raw events of its node.
 * @throws {OperatingError} QUERY_TOO_LARGE, OVERLOADED, ABORTED; LOG_UNAVAILABLE (retriable).
 */
export async function readTrajectory(
  { past }: QueryContext,
  request: TrajectoryRequest,
  signal: AbortSignal,
): Promise<Pick<TrajectoryAnswer, "steps" | "omitted" | "held" | "eventsRead"> & { readonly position: number }> {
  const { view, fromMs, toMs, limit } = request;
  const paths = new CgroupPaths(view);
  const steps: TrajectoryStep[] = [];
  let current = new BootTrajectory(request);
  let [boot, lost, omitted, eventsRead, position] = ["", 0, 0, 0, 0];
  const finish = (): void => {
    omitted += current.trajectory.omitted;
    for (const step of current.trajectory.steps) {
      const shown = shownStep(step, current.dateOf(step.tick), paths);
      if (shown.atMs >= fromMs && shown.atMs < toMs) steps.push(shown);
    }
  };
  for await (const entry of past.batches(view.node, fromMs, toMs, signal)) {
    if (entry.kind === "start") {
      lost = 0;
      if (boot !== "" && boot !== entry.boot) {
        finish();
        current = new BootTrajectory(request);
      }
      boot = entry.boot;
    }
    if (entry.kind !== "batch") {
      current.trajectory.lose();
      continue;
    }
    const lostNow = lostOf(entry.item.batch).pages;
    if (lostNow > lost && position > 0) current.trajectory.lose();
    lost = lostNow;
    position = Math.max(position, entry.item.record.position);
    eventsRead += entry.content.pages.length;
    paths.learn(entry.item.batch.cgroups);
    current.apply(entry);
  }
  finish();
  omitted += Math.max(0, steps.length - limit);
  return { steps: steps.slice(-limit), omitted, held: current.trajectory.isHeld, eventsRead, position };
}

function shownStep(step: Step, atMs: number, paths: CgroupPaths): TrajectoryStep {
  const { kind, first, order, migrateType, pid, cgroup, sinceTicks, isBroken, afterLoss } = step;
  const sinceMs = sinceTicks === null ? null : sinceTicks / TICKS_PER_MS;
  const who = { pid, cgroup, cgroupPath: paths.of(cgroup) };
  return { kind, atMs, first, order, migrateType, ...who, sinceMs, broken: isBroken, afterLoss };
}
