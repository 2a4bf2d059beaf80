import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { App } from "./route.ts";

/** Where the console's build puts it. */
const CONSOLE_DIR = fileURLToPath(new URL("../../console/dist/", import.meta.url));

/** What is shown where the console was not built. */
const HINT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Farmscope</title>
<h1>Farmscope</h1>
<p>The console is not built here. Build it by <code>npm run setup</code> or <code>npm run build:console</code>.</p>
<p>The API is described at <a href="/docs">/docs</a>; <a href="/api/v1/status">/api/v1/status</a> says how things are.</p>
`;

/** The console at "/", or a page that says how to get it. */
export async function consoleRoutes(app: App, directory: string = CONSOLE_DIR): Promise<void> {
  if (existsSync(`${directory}/index.html`)) {
    await app.register(fastifyStatic, { root: directory, schemaHide: true, wildcard: true });
    return;
  }
  app.get("/", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(HINT),
  );
}
