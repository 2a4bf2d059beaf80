import { repoFiles } from "../repo.ts";
import { readRepoFile } from "./imports.ts";

export interface Manifest {
  /** Directory of the package; "" for the root. */
  readonly directory: string;
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export const MANIFESTS: readonly Manifest[] = repoFiles()
  .filter((path) => path === "package.json" || path.endsWith("/package.json"))
  .map((path) => {
    const content = JSON.parse(readRepoFile(path)) as Partial<Manifest>;
    return {
      directory: path.replace(/\/?package\.json$/, ""),
      name: content.name ?? "",
      dependencies: content.dependencies ?? {},
      devDependencies: content.devDependencies ?? {},
      optionalDependencies: content.optionalDependencies ?? {},
    };
  });

export const ROOT_MANIFEST = MANIFESTS.find((manifest) => manifest.directory === "")!;

/** Names of our own packages that a manifest declares, without the scope. */
export function localDependencies(manifest: Manifest): string[] {
  return Object.keys(manifest.dependencies)
    .filter((name) => name.startsWith("@farmscope/"))
    .map((name) => name.replace("@farmscope/", ""))
    .sort();
}
