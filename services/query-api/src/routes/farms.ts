import { WINDOW_MS } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { replayedViews } from "../jobs/replays.ts";
import { WINDOWS_READ_MAX } from "../limits.ts";
import { seriesCoverage } from "../measure/coverage.ts";
import { endOf, farmAnswer, farmSummary } from "../measure/farm.ts";
import { farmPoints, type NodePart, zonePoints } from "../measure/fragmentation.ts";
import { latencySeries } from "../measure/latency.ts";
import { meanShare } from "../measure/number.ts";
import { parseOrder, parseQuantiles } from "../parameters.ts";
import { type Period, periodOf, rfc3339 } from "../period.ts";
import type { Started } from "../read/views.ts";
import {
  FarmAnswer,
  type FarmFragmentationAnswer,
  FarmFragmentationAnswer as FarmFragmentationSchema,
  FarmLatencyAnswer,
  FarmQuery,
  FarmsAnswer,
  FragmentationQuery,
  LatencyQuery,
  Name,
} from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

const params = Type.Object({ farm: Name("Name of the farm.") });
const config = { role: "read" } as const;

/** Farms: their newest closed windows, and their windows over time. */
export function farmRoutes(app: App, context: QueryContext): void {
  const { clock, views } = context;
  const viewsOf = (replay: string | undefined) => replayedViews(context, replay) ?? views;

  const list = declare({ summary: "All farms", tag: "farms", answer: FarmsAnswer });
  app.get("/api/v1/farms", { config, schema: list }, async (): Promise<FarmsAnswer> => {
    const windows = await views.farms();
    const newestMs = windows.reduce((newest, window) => Math.max(newest, endOf(window)), 0);
    const farms = windows.map(farmSummary);
    return { coverage: meanShare(farms.map((farm) => farm.coverage)), at: rfc3339(newestMs || clock.nowMs()), farms };
  });

  const one = declare({ summary: "One farm", tag: "farms", params, querystring: FarmQuery, answer: FarmAnswer });
  app.get("/api/v1/farms/:farm", { config, schema: one }, async (request): Promise<FarmAnswer> => {
    return farmAnswer(await viewsOf(request.query.replay).farm(request.params.farm));
  });

  const fragmentation = declare({
    summary: "A farm's fragmentation over time",
    tag: "farms",
    params,
    querystring: FragmentationQuery,
    answer: FarmFragmentationSchema,
  });
  app.get("/api/v1/farms/:farm/fragmentation", { config, schema: fragmentation }, async (request) => {
    const there = { ...context, views: viewsOf(request.query.replay) };
    return farmFragmentation(there, request.params.farm, request.query);
  });

  const latency = declare({
    summary: "A farm's latency over time",
    tag: "farms",
    params,
    querystring: LatencyQuery,
    answer: FarmLatencyAnswer,
  });
  app.get("/api/v1/farms/:farm/latency", { config, schema: latency }, async (request): Promise<FarmLatencyAnswer> => {
    const { farm } = request.params;
    const { signal = "runq_delay", quantiles } = request.query;
    const period = periodOf(request.query, clock.nowMs());
    const wanted = parseQuantiles(quantiles);
    const there = viewsOf(request.query.replay);
    await there.farm(farm);
    const windows = await there.farmWindows(farm, period);
    const series = latencySeries(windows, signal, wanted, period);
    return { coverage: seriesCoverage(windows), at: rfc3339(period.toMs), farm, signal, ...period, ...series };
  });
}

async function farmFragmentation(
  { clock, views }: QueryContext,
  farm: string,
  query: { from?: string; to?: string; step?: string; order?: string; zone?: string },
): Promise<FarmFragmentationAnswer> {
  const period = periodOf(query, clock.nowMs());
  const latest = await views.farm(farm);
  const order = parseOrder(query.order, latest.hugeOrder);
  const answer = { at: rfc3339(period.toMs), farm, order, zone: query.zone ?? null, ...period };
  if (query.zone === undefined) {
    const windows = await views.farmWindows(farm, period);
    return { ...answer, coverage: seriesCoverage(windows), points: farmPoints(windows, order, period) };
  }
  const nodes = latest.nodes.map((node) => node.node);
  const windows = await windowsOfNodes(views, farm, nodes, period);
  const points = zonePoints(windows, { order, zone: query.zone }, period);
  return { ...answer, coverage: meanShare(points.map((point) => point.coverage)), points };
}

/** The windows of a farm's nodes, for what farm windows do not hold. */
async function windowsOfNodes(
  views: QueryContext["views"],
  farm: string,
  nodes: readonly string[],
  period: Period,
): Promise<Started<NodePart>[]> {
  const windows = (nodes.length * (period.toMs - period.fromMs)) / WINDOW_MS;
  if (windows > WINDOWS_READ_MAX) {
    throw new OperatingError("QUERY_TOO_LARGE", `${windows} windows of ${nodes.length} nodes would have to be read`, {
      remedy: `ask for a shorter period, without a zone, or for single nodes; at most ${WINDOWS_READ_MAX} are read`,
    });
  }
  const read = async (node: string): Promise<Started<NodePart>[]> => {
    const found = await views.nodeWindows(node, period);
    return found
      .filter(({ window }) => window.farm === farm)
      .map(({ startMs, window }) => ({ startMs, window: { node, window } }));
  };
  return (await Promise.all(nodes.map(read))).flat();
}
