import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { nodeStandingOf } from "../measure/node.ts";
import { rfc3339, spanOfTimes } from "../period.ts";
import { type EventPlace, readEvents } from "../read/events.ts";
import { readTrajectory } from "../read/trajectory.ts";
import { EventsAnswer, EventsQuery, Name, TrajectoryAnswer, TrajectoryQuery } from "../schemas/index.ts";
import { nodeParams } from "./nodes.ts";
import { type App, declare, hangUpSignal } from "./route.ts";

const TRAJECTORY_MS = 600_000;
const EVENTS_MS = 60_000;
const LIMIT_DEFAULT = 1_000;
const config = { role: "read" } as const;

/** What the raw log tells of a node: the life of a page, and every event. */
export function historyRoutes(app: App, context: QueryContext): void {
  trajectoryRoute(app, context);
  eventsRoute(app, context);
}

function trajectoryRoute(app: App, context: QueryContext): void {
  const { clock, views } = context;
  const schema = declare({
    summary: "The life of one page: handed out, given back, handed out again, when, and by whom",
    tag: "nodes",
    params: Type.Object({
      node: Name("Id of the node."),
      pfn: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: "Page frame number." }),
    }),
    querystring: TrajectoryQuery,
    answer: TrajectoryAnswer,
  });
  app.get("/api/v1/nodes/:node/pages/:pfn", { config, schema }, async (request, reply): Promise<TrajectoryAnswer> => {
    const { node, pfn } = request.params;
    const { lists = false, limit = LIMIT_DEFAULT } = request.query;
    const span = spanOfTimes(request.query, TRAJECTORY_MS, clock.nowMs());
    const view = await views.node(node);
    const found = await readTrajectory(context, { view, pfn, ...span, lists, limit }, hangUpSignal(reply));
    return { ...nodeStandingOf(view, "log"), at: rfc3339(span.toMs), pfn, ...span, ...found };
  });
}

function eventsRoute(app: App, context: QueryContext): void {
  const { clock, views } = context;
  const schema = declare({
    summary: "A node's raw events, in pages",
    tag: "nodes",
    params: nodeParams,
    querystring: EventsQuery,
    answer: EventsAnswer,
  });
  app.get("/api/v1/nodes/:node/events", { config, schema }, async (request, reply): Promise<EventsAnswer> => {
    const { kind = null, limit = LIMIT_DEFAULT } = request.query;
    const span = spanOfTimes(request.query, EVENTS_MS, clock.nowMs());
    const view = await views.node(request.params.node);
    const asked = { node: view.node, kind, ...span, after: placeOf(request.query.after), limit };
    const { events, next, position } = await readEvents(context, asked, hangUpSignal(reply));
    const standing = { ...nodeStandingOf(view, "log"), at: rfc3339(span.toMs), position };
    return { ...standing, ...span, events, next: next === null ? null : `${next.position}.${next.index}` };
  });
}

/** "12.34" as its schema has it. */
function placeOf(after: string | undefined): EventPlace | null {
  if (after === undefined) return null;
  const [position, index] = after.split(".").map(Number) as [number, number];
  return { position, index };
}
