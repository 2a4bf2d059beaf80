import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { fastify, LogController } from "fastify";
import type { QueryContext } from "./context.ts";
import { BODY_BYTES_MAX } from "./limits.ts";
import { installPipeline } from "./pipeline.ts";
import { alertRoutes } from "./routes/alerts.ts";
import { consoleRoutes } from "./routes/console.ts";
import { controlRoutes } from "./routes/control.ts";
import { documentRoutes } from "./routes/documentation.ts";
import { farmRoutes } from "./routes/farms.ts";
import { healthRoutes } from "./routes/health.ts";
import { heatmapRoutes } from "./routes/heatmap.ts";
import { historyRoutes } from "./routes/history.ts";
import { liveRoutes } from "./routes/live.ts";
import { metricRoutes } from "./routes/metrics.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { pageRoutes } from "./routes/pages.ts";
import { registryRoutes } from "./routes/registry.ts";
import { replayRoutes } from "./routes/replays.ts";
import type { App } from "./routes/route.ts";
import { silenceRoutes } from "./routes/silences.ts";
import { statusRoutes } from "./routes/status.ts";
import { respondToMalformed } from "./stages/respond.ts";
import { AJV_OPTIONS } from "./stages/validate.ts";

/** Longest name in a path: 128 characters of four bytes each, percent-encoded. */
const PATH_NAME_MAX = 128 * 12;

/** Builds the server: the pipeline, then every route. It does not listen. */
export async function buildApp(context: QueryContext): Promise<App> {
  const app: App = fastify({
    loggerInstance: context.logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: respondToMalformed,
    bodyLimit: BODY_BYTES_MAX,
    ajv: AJV_OPTIONS,
    routerOptions: { maxParamLength: PATH_NAME_MAX },
    forceCloseConnections: true,
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as App;
  const requests = installPipeline(app as never, context.config.tokensFile);
  await documentRoutes(app, context.version);
  healthRoutes(app, context);
  metricRoutes(app, context, requests);
  farmRoutes(app, context);
  registryRoutes(app, context);
  nodeRoutes(app, context);
  pageRoutes(app, context);
  heatmapRoutes(app, context);
  historyRoutes(app, context);
  liveRoutes(app, context);
  alertRoutes(app, context);
  silenceRoutes(app, context);
  controlRoutes(app, context);
  replayRoutes(app, context);
  statusRoutes(app, context, requests);
  await consoleRoutes(app);
  return app;
}
