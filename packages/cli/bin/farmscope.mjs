#!/usr/bin/env node
// The `farmscope` command. It is plain JavaScript because an old Node cannot read TypeScript: then it hands over to the
// Node that the lock file carries.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
  await import("../src/main.ts");
} else {
  handOver(fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url)));
}

/** @param {string} node path of the carried Node */
function handOver(node) {
  if (!existsSync(node)) {
    console.error(`farmscope: TOOL_MISSING\n  Node ${NODE_MAJOR_MIN} or newer is needed, this is ${process.version}`);
    console.error("Way out: npm run setup");
    process.exitCode = 3;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal ?? "SIGTERM"];
  });
}
