import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the repository. */
export const REPO_ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Entries that hold nothing written by hand. In a git worktree, .git is a file. */
const IGNORED = new Set([".git", "node_modules", "dist", ".cache", ".farmscope"]);

/** Paths of all files below `top`, relative to the repository and sorted, without what is installed, built or generated data. */
export function repoFiles(top = ""): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(REPO_ROOT, top), { withFileTypes: true })) {
    const path = join(top, entry.name);
    if (IGNORED.has(entry.name)) continue;
    if (entry.isDirectory()) {
      paths.push(...repoFiles(path));
    } else if (entry.isFile()) {
      paths.push(path);
    }
  }
  return paths.sort();
}
