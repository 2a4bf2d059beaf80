import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { REPO_ROOT, repoFiles } from "../repo.ts";

/** One import of a file, static or dynamic, of values or types. */
export interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly dynamic: boolean;
}

/** TypeScript that is written by hand. */
export const SOURCES: readonly string[] = repoFiles().filter(
  (path) => /\.tsx?$/.test(path) && !path.startsWith("proto/gen/") && !path.endsWith(".gen.ts"),
);

export function readRepoFile(path: string): string {
  return readFileSync(join(REPO_ROOT, path), "utf8");
}

/** Tests, what they stand on, contract suites and benches: what no service ever loads. */
export function isTestFile(path: string): boolean {
  return /\.(test|bench)\.tsx?$|\/(contract(-\w+)*|fixtures)\.ts$|\/(fixtures|testing|e2e)\//.test(path);
}

/** Directory of the workspace package that a file is in ("packages/log"), or null for none. */
export function packageOf(path: string): string | null {
  return /^(proto|(?:packages|services)\/[^/]+)\//.exec(path)?.[1] ?? null;
}

const STATEMENT = /^\s*(?:import|export)\b(?:[\s\w{},*$]*?\bfrom)?\s*"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"\s*\)/g;

/** What a file imports and re-exports. */
export function importsOf(file: string): Import[] {
  const text = readRepoFile(file).replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  return [
    ...Array.from(text.matchAll(STATEMENT), (match) => ({ file, specifier: match[1]!, dynamic: false })),
    ...Array.from(text.matchAll(DYNAMIC), (match) => ({ file, specifier: match[1]!, dynamic: true })),
  ];
}

/** The file that a relative import means, or null when it is not relative. */
export function targetOf({ file, specifier }: Import): string | null {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : null;
}

/** The package that an import means ("rxjs", "@farmscope/log"), or null for a relative one or one of Node's own. */
export function moduleOf({ specifier }: Import): string | null {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return null;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
