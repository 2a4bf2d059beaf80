import swagger from "@fastify/swagger";
import apiReference from "@scalar/fastify-api-reference";
import type { App } from "./route.ts";

/** Must be registered before every route that the document shall show. */
export async function documentRoutes(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Farmscope",
        version,
        description:
          "The page truth, latency distributions and alerts of a fleet. Every answer has `coverage`, and `at` or `position`: " +
          "what share of what should have been counted it holds, and what it stands for.",
      },
      tags: [
        { name: "farms", description: "Pools of nodes" },
        { name: "nodes", description: "Hosts, their memory and latencies" },
        { name: "live", description: "What happens, as it happens" },
        { name: "alerts", description: "What was decided and sent" },
        { name: "jobs", description: "Replays and backtests" },
        { name: "control", description: "What people ask of the fleet" },
        { name: "status", description: "The installation itself" },
      ],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      security: [{}, { bearer: [] }],
    },
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  // The page and its script come out of the package: nothing is fetched from elsewhere.
  await app.register(apiReference, {
    routePrefix: "/docs",
    configuration: { title: "Farmscope API", withDefaultFonts: false, telemetry: false, agent: { disabled: true } },
  });
}
