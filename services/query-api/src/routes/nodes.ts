import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { replayedViews } from "../jobs/replays.ts";
import { standingOf } from "../live/live-source.ts";
import { seriesCoverage } from "../measure/coverage.ts";
import { nodeSeries } from "../measure/fragmentation.ts";
import { latencySeries } from "../measure/latency.ts";
import { freeBlocksAnswer, hugeOrderOf, nodeAnswer, nodeStandingOf } from "../measure/node.ts";
import { parseMoment } from "../moment.ts";
import { parseOrder, parseQuantiles } from "../parameters.ts";
import { periodOf, rfc3339 } from "../period.ts";
import { readNodeAt } from "../read/at.ts";
import {
  FragmentationQuery,
  FreeBlocksAnswer,
  LatencyQuery,
  Name,
  NodeAnswer,
  NodeFragmentationAnswer,
  NodeLatencyAnswer,
  NodeMomentQuery,
  NodesAnswer,
  NodesQuery,
} from "../schemas/index.ts";
import { type App, declare, hangUpSignal } from "./route.ts";

export const nodeParams = Type.Object({ node: Name("Id of the node.") });
const NODES_DEFAULT = 1_000;
const params = nodeParams;
const config = { role: "read" } as const;

/** Nodes: the list, one node's current state, its windows over time. */
export function nodeRoutes(app: App, context: QueryContext): void {
  const { clock, fleet, views } = context;

  const list = declare({ summary: "Nodes, in pages", tag: "nodes", querystring: NodesQuery, answer: NodesAnswer });
  app.get("/api/v1/nodes", { config, schema: list }, async (request): Promise<NodesAnswer> => {
    const { farm, after, limit = NODES_DEFAULT } = request.query;
    const all = (await fleet.lines()).filter((line) => farm === undefined || line.farm === farm);
    const rest = after === undefined ? all : all.filter((line) => line.node > after);
    const nodes = rest.slice(0, limit);
    const next = rest.length > limit ? (nodes.at(-1)?.node ?? null) : null;
    return { ...standingOf(all, all.length === 0 ? clock.nowMs() : 0), total: all.length, nodes, next };
  });

  const one = declare({
    summary: "One node, now or at a moment of the past",
    tag: "nodes",
    params,
    querystring: NodeMomentQuery,
    answer: NodeAnswer,
  });
  app.get("/api/v1/nodes/:node", { config, schema: one }, async (request, reply): Promise<NodeAnswer> => {
    const moment = parseMoment(request.query.at);
    const { view, basis, at } = await readNodeAt(context, request.params.node, moment, hangUpSignal(reply));
    return { ...nodeAnswer(view, basis), at };
  });

  const free = declare({
    summary: "A node's free blocks by zone and order, now or at a moment of the past",
    tag: "nodes",
    params,
    querystring: NodeMomentQuery,
    answer: FreeBlocksAnswer,
  });
  const freeBlocks = "/api/v1/nodes/:node/free-blocks";
  app.get(freeBlocks, { config, schema: free }, async (request, reply): Promise<FreeBlocksAnswer> => {
    const moment = parseMoment(request.query.at);
    const { view, basis, at } = await readNodeAt(context, request.params.node, moment, hangUpSignal(reply));
    return { ...freeBlocksAnswer(view, basis), at };
  });

  const fragmentation = declare({
    summary: "A node's free memory over time, a series for each order",
    tag: "nodes",
    params,
    querystring: FragmentationQuery,
    answer: NodeFragmentationAnswer,
  });
  app.get(
    "/api/v1/nodes/:node/fragmentation",
    { config, schema: fragmentation },
    async (request): Promise<NodeFragmentationAnswer> => {
      const { order, zone } = request.query;
      const period = periodOf(request.query, clock.nowMs());
      const there = replayedViews(context, request.query.replay) ?? views;
      const view = await there.node(request.params.node);
      const hugeOrder = hugeOrderOf(view);
      const all = Array.from({ length: (view.facts?.maxOrder ?? 10) + 1 }, (_, each) => each);
      const orders = order === undefined ? all : [parseOrder(order, hugeOrder)];
      const windows = await there.nodeWindows(view.node, period);
      const series = nodeSeries(windows, orders, zone, period);
      const standing = { ...nodeStandingOf(view), coverage: seriesCoverage(windows), at: rfc3339(period.toMs) };
      return { ...standing, zone: zone ?? null, hugeOrder, ...period, series };
    },
  );

  const latency = declare({
    summary: "A node's latency over time",
    tag: "nodes",
    params,
    querystring: LatencyQuery,
    answer: NodeLatencyAnswer,
  });
  app.get("/api/v1/nodes/:node/latency", { config, schema: latency }, async (request): Promise<NodeLatencyAnswer> => {
    const { signal = "runq_delay", quantiles } = request.query;
    const period = periodOf(request.query, clock.nowMs());
    const wanted = parseQuantiles(quantiles);
    const there = replayedViews(context, request.query.replay) ?? views;
    const view = await there.node(request.params.node);
    const windows = await there.nodeWindows(view.node, period);
    const standing = { ...nodeStandingOf(view), coverage: seriesCoverage(windows), at: rfc3339(period.toMs) };
    return { ...standing, signal, ...period, ...latencySeries(windows, signal, wanted, period) };
  });
}
