import type { StageCounter } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { exposition, OPENMETRICS_TYPE, openMetrics, PROMETHEUS_TYPE } from "../metrics/exposition.ts";
import { alertFamilies, farmFamilies, latencyFamilies, nodeFamilies, statusFamilies } from "../metrics/families.ts";
import { readStatus } from "../read/status.ts";
import { type App, declare } from "./route.ts";

/** Everything that Prometheus should know: farms, nodes, the installation, this replica. */
export function metricRoutes(app: App, context: QueryContext, requests: StageCounter): void {
  const { alerts, fleet, views } = context;
  const declared = declare({ summary: "Metrics in Prometheus' text format", tag: "status", answer: Type.String() });
  const content = {
    "text/plain": { schema: Type.String() },
    "application/openmetrics-text": { schema: Type.String() },
  };
  const described = "Prometheus text format 0.0.4, or OpenMetrics 1.0.0 where it is accepted";
  const response = { ...declared.response, 200: { description: described, content } };
  app.get("/metrics", { config: { role: "read" }, schema: { ...declared, response } }, async (request, reply) => {
    const [partitions, farms, status] = await Promise.all([
      fleet.all(),
      views.farms(),
      readStatus(context, [requests, context.live.counter]),
      // What is known of alerts is shown while the log is away, too.
      alerts.catchUp().catch(() => undefined),
    ]);
    const families = [
      ...statusFamilies(status),
      ...alertFamilies(alerts.state().active),
      ...farmFamilies(farms),
      ...latencyFamilies(partitions),
      ...nodeFamilies(partitions),
    ];
    if (acceptsOpenMetrics(request.headers.accept)) return reply.type(OPENMETRICS_TYPE).send(openMetrics(families));
    return reply.type(PROMETHEUS_TYPE).send(exposition(families));
  });
}

/**
 * Whether OpenMetrics is asked for by name, in a version that we speak; anything else gets Prometheus' own format.
 * Source: what Prometheus sends, scrape/scrape.go: "application/openmetrics-text;version=1.0.0;q=0.8,…".
 */
function acceptsOpenMetrics(accept = ""): boolean {
  return accept.split(",").some((part) => {
    const [type = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase());
    if (type !== "application/openmetrics-text") return false;
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice("version=".length);
    return !parameters.includes("q=0") && (version === undefined || version === "1.0.0" || version === "0.0.1");
  });
}
