import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the repository. */
export const REPO_ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Directories that hold nothing written by hand. */
const IGNORED = new Set([".git", "node_modules", "dist", ".cache", ".farmscope"]);

/** Paths of all files below `top`, relative to the repository and sorted, without what is installed, built or generated data. */
export function repoFiles(top = ""): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(REPO_ROOT, top), { withFileTypes: true })) {
    const path = join(top, entry.name);
    if (entry.isDirectory()) {
      if (!IGNORED.has(entry.name)) paths.push(...repoFiles(path));
    } else if (entry.isFile()) {
      paths.push(path);
    }
  }
  return paths.sort();
}
