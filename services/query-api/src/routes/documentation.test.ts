import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fastify } from "fastify";
import { installation } from "../fixtures.ts";
import { consoleRoutes } from "./console.ts";
import type { App } from "./route.ts";

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
  readonly parameters?: readonly { name: string; in: string; description?: string }[];
}

describe("the OpenAPI document", () => {
  it("lists every route, each with the shape of its answer and of problems", async () => {
    const app = await installation().api.app();
    await app.ready();
    const document = (await app.inject("/openapi.json")).json();
    assert.equal(document.openapi, "3.1.0");
    const paths = document.paths as Record<string, Record<string, Operation>>;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
    const expected = [
      "GET /livez",
      "GET /readyz",
      "GET /metrics",
      "GET /api/v1/farms",
      "GET /api/v1/farms/{farm}",
      "GET /api/v1/farms/{farm}/fragmentation",
      "GET /api/v1/farms/{farm}/latency",
      "PUT /api/v1/farms/{farm}/nodes/{node}",
      "GET /api/v1/nodes",
      "GET /api/v1/nodes/{node}",
      "GET /api/v1/nodes/{node}/fragmentation",
      "GET /api/v1/nodes/{node}/latency",
      "GET /api/v1/nodes/{node}/free-blocks",
      "GET /api/v1/nodes/{node}/pages",
      "GET /api/v1/farms/{farm}/latency/heatmap",
      "GET /api/v1/nodes/{node}/pages/{pfn}",
      "GET /api/v1/nodes/{node}/events",
      "GET /api/v1/live",
      "GET /api/v1/alerts",
      "POST /api/v1/alerts/{id}/ack",
      "GET /api/v1/rules",
      "GET /api/v1/silences",
      "POST /api/v1/silences",
      "DELETE /api/v1/silences/{id}",
      "GET /api/v1/annotations",
      "POST /api/v1/annotations",
      "GET /api/v1/control/{farm}",
      "PUT /api/v1/control/{farm}",
      "GET /api/v1/replays",
      "POST /api/v1/replays",
      "GET /api/v1/replays/{id}",
      "DELETE /api/v1/replays/{id}",
      "GET /api/v1/status",
    ];
    assert.deepEqual(operations.map(({ method, path }) => `${method} ${path}`).sort(), [...expected].sort());
    for (const { method, path, operation } of operations) {
      assert.ok(app.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ":$1") }), path);
      const success = Object.entries(operation.responses).find(([status]) => status.startsWith("20"))?.[1];
      assert.ok(success?.content, `${path} shows its answer`);
      for (const { schema } of Object.values(success.content)) assert.ok(schema, path);
      assert.ok(operation.responses["4XX"]?.content?.["application/problem+json"], `${path} shows its problems`);
      for (const name of path.matchAll(/\{(\w+)\}/g)) {
        assert.ok(
          operation.parameters?.some((parameter) => parameter.in === "path" && parameter.name === name[1]),
          path,
        );
      }
    }
    assert.ok(paths["/api/v1/nodes/{node}/pages"]?.["get"]?.responses["200"]?.content?.["image/png"]);
    assert.ok(paths["/api/v1/live"]?.["get"]?.responses["200"]?.content?.["text/event-stream"]);
  });

  it("is shown by a page that takes nothing from elsewhere", async () => {
    const app = await installation().api.app();
    const page = await app.inject("/docs/");
    assert.equal(page.statusCode, 200);
    assert.doesNotMatch(page.body, /<(script|link)[^>]+(src|href)="https?:/);
    const script = /src="([^"]+scalar[^"]*)"/.exec(page.body)?.[1];
    assert.ok(script, page.body.slice(0, 500));
    assert.equal((await app.inject(script.startsWith("/") ? script : `/docs/${script}`)).statusCode, 200);
  });
});

describe("the console", () => {
  it("is served when it is built, and hinted at when it is not", async () => {
    const directory = mkdtempSync(join(tmpdir(), "farmscope-console-"));
    try {
      const without = fastify() as unknown as App;
      await consoleRoutes(without, directory);
      assert.match((await without.inject("/")).body, /build:console/);
      mkdirSync(join(directory, "assets"));
      writeFileSync(join(directory, "index.html"), "<h1>console</h1>");
      writeFileSync(join(directory, "assets", "a.js"), "1");
      const built = fastify() as unknown as App;
      await consoleRoutes(built, directory);
      assert.equal((await built.inject("/")).body, "<h1>console</h1>");
      assert.equal((await built.inject("/assets/a.js")).body, "1");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
