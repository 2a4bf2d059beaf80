import { type ReplayProgress, type ReplaySpeed, replay } from "@farmscope/history";
import type { EventLog } from "@farmscope/log";
import type { Clock, Config, Logger } from "@farmscope/runtime";
import { Keys, MemoryStore } from "@farmscope/store";
import { REPLAY_KEEP_MS, REPLAYS_KEPT_MAX, REPLAYS_OPEN_MAX, REPLAYS_RUNNING_MAX } from "../limits.ts";
import { notFound } from "../problems.ts";
import { Views } from "../read/views.ts";
import { newId } from "../write/operations.ts";
import { Jobs } from "./jobs.ts";

/** A range that is folded again, and where what it gives goes. */
export interface ReplaySubject {
  readonly fromMs: number;
  readonly toMs: number;
  readonly speed: ReplaySpeed;
  readonly nodes: ReadonlySet<string> | null;
  readonly farm: string | null;
  readonly namespace: string;
  /** A store of its own, in memory: it goes with the job. */
  readonly store: MemoryStore;
  /** What it gives, to be read like the live views. */
  readonly views: Views;
}

export type ReplayJobs = Jobs<ReplaySubject, ReplayProgress>;

/** What a replay reads, and by which clock. */
export interface ReplayPorts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<Config, "namespace" | "partitions">;
}

export function createReplayJobs({ clock, config, log, logger }: ReplayPorts): ReplayJobs {
  const run = async (
    { fromMs, toMs, speed, nodes, farm, namespace, store }: ReplaySubject,
    onProgress: (progress: ReplayProgress) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const where = { log, store, keys: new Keys(namespace), clock, logger };
    const what = { namespace: config.namespace, partitions: config.partitions, range: { fromMs, toMs }, speed };
    const only = { ...(nodes === null ? {} : { nodes }), ...(farm === null ? {} : { farm }) };
    onProgress(await replay({ ...where, ...what, ...only, onProgress }, signal));
  };
  return new Jobs(jobsOptions(clock, logger, run));
}

function jobsOptions(
  clock: Clock,
  logger: Logger,
  run: ConstructorParameters<typeof Jobs<ReplaySubject, ReplayProgress>>[0]["run"],
) {
  return {
    clock,
    logger,
    newId,
    run,
    runningMax: REPLAYS_RUNNING_MAX,
    openMax: REPLAYS_OPEN_MAX,
    keptMax: REPLAYS_KEPT_MAX,
    keepMs: REPLAY_KEEP_MS,
  };
}

/**
 * What a replay gave, to be read like the live views; null when none is asked for.
 * @throws {OperatingError} NOT_FOUND.
 */
export function replayedViews({ replays }: { readonly replays: ReplayJobs }, id: string | undefined): Views | null {
  if (id === undefined) return null;
  const job = replays.get(id);
  if (job === null) throw notFound("replay", id);
  return job.subject.views;
}

/** A store for one replay, and how it is read. */
export function scratchOf(clock: Clock, namespace: string, partitions: number) {
  const store = new MemoryStore(clock);
  return { namespace, store, views: new Views(store, new Keys(namespace), partitions) };
}
