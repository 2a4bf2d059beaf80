import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "./finding.ts";

const REPO_ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const NODE_MAJOR_MIN = 24;

/** What set-up builds: what people call it, and the files that prove it. */
const BUILT: readonly (readonly [name: string, pattern: string])[] = [
  ["native shim", ".cache/native/*.node"],
  ["kernel programs", ".cache/bpf/*.o"],
  ["console", "services/query-api/console/dist/index.html"],
];

/** Whether set-up has done its work in this clone. */
export function setUpFindings(root: string = REPO_ROOT): Finding[] {
  const major = Number(process.versions.node.split(".")[0]);
  const node: Finding = {
    group: "set-up",
    name: "Node",
    ok: major >= NODE_MAJOR_MIN,
    needed: true,
    detail: process.version,
    remedy: major >= NODE_MAJOR_MIN ? null : "npm run setup: the lock file carries Node 24",
  };
  return [node, ...BUILT.map(([name, pattern]) => builtFinding(root, name, pattern))];
}

function builtFinding(root: string, name: string, pattern: string): Finding {
  const ok = pattern.includes("*") ? globSync(pattern, { cwd: root }).length > 0 : existsSync(join(root, pattern));
  return {
    group: "set-up",
    name,
    ok,
    needed: false,
    detail: ok ? "built" : "not built",
    remedy: ok ? null : "npm run setup; its logs are in .cache/setup",
  };
}
