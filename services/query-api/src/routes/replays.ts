import { WINDOW_MS } from "@farmscope/domain";
import type { ReplayProgress } from "@farmscope/history";
import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import type { Job } from "../jobs/jobs.ts";
import { type ReplaySubject, scratchOf } from "../jobs/replays.ts";
import { REPLAY_WINDOWS_MAX } from "../limits.ts";
import { rfc3339, spanOfTimes } from "../period.ts";
import { notFound } from "../problems.ts";
import { OperationId, ReplayAnswer, ReplayRequest, ReplaysAnswer } from "../schemas/index.ts";
import { newId } from "../write/operations.ts";
import { type App, declare } from "./route.ts";

const PATH = "/api/v1/replays";
const params = Type.Object({ id: OperationId });
const READ = { role: "read" } as const;
const OPERATE = { role: "operate" } as const;

/** Replays: a past range, folded again by the live code into a place of its own. */
export function replayRoutes(app: App, context: QueryContext): void {
  const { clock, replays } = context;

  const list = declare({ summary: "Replays, the newest first", tag: "jobs", answer: ReplaysAnswer });
  app.get(PATH, { config: READ, schema: list }, async (): Promise<ReplaysAnswer> => {
    const answers = await Promise.all(replays.list().map((job) => answerOf(context, job)));
    return { coverage: 1, at: rfc3339(clock.nowMs()), replays: answers };
  });

  const begin = declare({
    summary: "Begins a replay",
    tag: "jobs",
    body: ReplayRequest,
    answer: ReplayAnswer,
    status: 202,
  });
  app.post(PATH, { config: OPERATE, schema: begin }, async (request, reply): Promise<ReplayAnswer> => {
    const job = replays.start(await subjectOf(context, request.body));
    void reply.code(202).header("location", `${PATH}/${job.id}`);
    return answerOf(context, job);
  });

  const one = declare({ summary: "One replay, with its progress", tag: "jobs", params, answer: ReplayAnswer });
  app.get(`${PATH}/:id`, { config: READ, schema: one }, async (request): Promise<ReplayAnswer> => {
    return answerOf(context, jobOf(context, request.params.id));
  });

  const end = declare({
    summary: "Cancels a replay; one that has ended is removed with what it gave",
    tag: "jobs",
    params,
    answer: ReplayAnswer,
  });
  app.delete(`${PATH}/:id`, { config: OPERATE, schema: end }, async (request): Promise<ReplayAnswer> => {
    const job = replays.cancel(request.params.id);
    if (job === null) throw notFound("replay", request.params.id);
    return answerOf(context, job);
  });
}

type ReplayJob = Job<ReplaySubject, ReplayProgress>;

/** @throws {OperatingError} NOT_FOUND. */
export function jobOf({ replays }: QueryContext, id: string): ReplayJob {
  const job = replays.get(id);
  if (job === null) throw notFound("replay", id);
  return job;
}

async function subjectOf(context: QueryContext, request: ReplayRequest): Promise<ReplaySubject> {
  const { clock, config, fleet } = context;
  const { fromMs, toMs } = spanOfTimes(request, 0, clock.nowMs());
  const { nodes, farm, speed = "max" } = request;
  const lines = await fleet.lines();
  const count = nodes?.length ?? lines.filter((line) => farm === undefined || line.farm === farm).length;
  const windows = (Math.max(1, count) * (toMs - fromMs)) / WINDOW_MS;
  if (windows > REPLAY_WINDOWS_MAX) {
    throw new OperatingError("QUERY_TOO_LARGE", `${Math.ceil(windows)} windows of ${count} nodes`, {
      remedy: `at most ${REPLAY_WINDOWS_MAX} are kept here: ask for less, or use farmscope replay, which writes to the store`,
    });
  }
  const namespace = `${config.namespace}-replay-${newId().slice(0, 8)}`;
  const scratch = scratchOf(clock, namespace, config.partitions);
  return { fromMs, toMs, speed, nodes: nodes === undefined ? null : new Set(nodes), farm: farm ?? null, ...scratch };
}

async function answerOf({ clock, replays }: QueryContext, job: ReplayJob): Promise<ReplayAnswer> {
  const { subject, progress } = job;
  const { fromMs, toMs } = subject;
  const atMs = progress?.atMs ?? 0;
  const done = job.state === "complete" ? 1 : Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));
  const farms = await subject.views.farms();
  return {
    coverage: done,
    at: rfc3339(clock.nowMs()),
    id: job.id,
    state: job.state,
    createdMs: job.createdMs,
    finishedMs: job.finishedMs,
    fromMs,
    toMs,
    progress: done,
    error: job.error,
    namespace: subject.namespace,
    expiresMs: replays.expiresMs(job),
    atMs,
    events: progress?.events ?? 0,
    windows: progress?.windows ?? 0,
    eventsPerS: progress?.eventsPerS ?? 0,
    farms: farms.map(({ farm }) => farm),
  };
}
