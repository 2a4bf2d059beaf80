import type { Clock } from "@farmscope/runtime";
import type { QueryContext } from "../context.ts";
import { PROBE_MS_MAX } from "../limits.ts";
import { rfc3339 } from "../period.ts";
import { withDeadline } from "../read/deadline.ts";
import { LiveAnswer, ReadyAnswer } from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

/** For supervisors: does the process live, and can it serve. */
export function healthRoutes(app: App, context: QueryContext): void {
  const { clock } = context;
  const livez = declare({ summary: "Whether the process lives", tag: "status", answer: LiveAnswer });
  app.get("/livez", { schema: livez }, async () => ({ live: true, coverage: 1, at: rfc3339(clock.nowMs()) }) as const);

  const readyz = declare({
    summary: "Whether requests can be served, and why not",
    tag: "status",
    answer: ReadyAnswer,
  });
  const schema = { ...readyz, response: { ...readyz.response, 503: { ...notReady } } };
  app.get("/readyz", { schema }, async (_request, reply) => {
    const answer = await readinessOf(context);
    if (!answer.ready) reply.code(503);
    return answer;
  });
}

const notReady = { description: "Not ready", content: { "application/json": { schema: ReadyAnswer } } };

/** Asks the log and the store whether they can be reached. Never throws. */
export async function readinessOf({ clock, log, store }: QueryContext): Promise<ReadyAnswer> {
  const [logThere, storeThere] = await Promise.all([
    isConnected(clock, "log", log),
    isConnected(clock, "store", store),
  ]);
  const checks = [
    { name: "log", ready: logThere, detail: logThere ? "" : "the event log cannot be reached; connecting goes on" },
    {
      name: "store",
      ready: storeThere,
      detail: storeThere ? "" : "the view store cannot be reached; connecting goes on",
    },
  ];
  const ready = checks.every((check) => check.ready);
  return { ready, coverage: ready ? 1 : 0, at: rfc3339(clock.nowMs()), checks };
}

interface Described {
  describe(): Promise<{ readonly connected: boolean }>;
}

async function isConnected(clock: Clock, name: string, port: Described): Promise<boolean> {
  return withDeadline(clock, PROBE_MS_MAX, name, port.describe()).then(
    (description) => description.connected,
    () => false,
  );
}
