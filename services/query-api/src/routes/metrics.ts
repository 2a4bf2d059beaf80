import type { StageCounter } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { exposition, PROMETHEUS_TYPE } from "../metrics/exposition.ts";
import { farmFamilies, latencyFamilies, nodeFamilies, statusFamilies } from "../metrics/families.ts";
import { readStatus } from "../read/status.ts";
import { type App, declare } from "./route.ts";

/** Everything that Prometheus should know: farms, nodes, the installation, this replica. */
export function metricRoutes(app: App, context: QueryContext, requests: StageCounter): void {
  const { fleet, views } = context;
  const declared = declare({ summary: "Metrics in Prometheus' text format", tag: "status", answer: Type.String() });
  const content = { "text/plain": { schema: Type.String() } };
  const response = { ...declared.response, 200: { description: "Prometheus text format 0.0.4", content } };
  app.get("/metrics", { config: { role: "read" }, schema: { ...declared, response } }, async (_request, reply) => {
    const [partitions, farms, status] = await Promise.all([
      fleet.all(),
      views.farms(),
      readStatus(context, [requests, context.live.counter]),
    ]);
    const families = [
      ...statusFamilies(status),
      ...farmFamilies(farms),
      ...latencyFamilies(partitions),
      ...nodeFamilies(partitions),
    ];
    return reply.type(PROMETHEUS_TYPE).send(exposition(families));
  });
}
