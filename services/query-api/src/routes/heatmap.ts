import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { seriesCoverage } from "../measure/coverage.ts";
import { heatmap } from "../measure/heatmap.ts";
import { parseQuantiles } from "../parameters.ts";
import { periodOf, rfc3339 } from "../period.ts";
import { readExemplars } from "../read/exemplars.ts";
import { HeatmapAnswer, HeatmapQuery, Name } from "../schemas/index.ts";
import { type App, declare, hangUpSignal } from "./route.ts";

const EXEMPLARS_DEFAULT = 50;

/** A farm's latency as buckets over time, with quantile lines and the raw events behind the tail. */
export function heatmapRoutes(app: App, context: QueryContext): void {
  const { clock, views } = context;
  const schema = declare({
    summary: "A farm's latency heatmap: buckets over time, quantile lines, exemplars",
    tag: "farms",
    params: Type.Object({ farm: Name("Name of the farm.") }),
    querystring: HeatmapQuery,
    answer: HeatmapAnswer,
  });
  const path = "/api/v1/farms/:farm/latency/heatmap";
  app.get(path, { config: { role: "read" }, schema }, async (request, reply): Promise<HeatmapAnswer> => {
    const { farm } = request.params;
    const { signal = "runq_delay", quantiles, exemplars: max = EXEMPLARS_DEFAULT } = request.query;
    const period = periodOf(request.query, clock.nowMs());
    const wanted = parseQuantiles(quantiles);
    const latest = await views.farm(farm);
    const windows = await views.farmWindows(farm, period);
    const nodes = latest.nodes.map(({ node }) => node);
    const exemplars = await readExemplars(context, { nodes, signal, period, max }, hangUpSignal(reply));
    const standing = { coverage: seriesCoverage(windows), at: rfc3339(period.toMs), farm, signal, ...period };
    const exemplarsFrom = exemplars.length > 0 ? ("log" as const) : ("none" as const);
    return { ...standing, ...heatmap(windows, signal, wanted, period), exemplars, exemplarsFrom };
  });
}
