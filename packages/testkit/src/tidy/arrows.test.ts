import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, isTestFile, moduleOf, packageOf, readRepoFile, SOURCES, targetOf } from "./imports.ts";
import { localDependencies, MANIFESTS, ROOT_MANIFEST } from "./manifests.ts";

const packages = MANIFESTS.filter((manifest) => manifest.directory !== "");
const imports = SOURCES.flatMap(importsOf);

/** Rows of the table of arrows: package name to the packages it imports. */
function documentedArrows(): Record<string, string[]> {
  const section = readRepoFile("ARCHITECTURE.md")
    .split(/^## /m)
    .find((part) => part.startsWith("Arrows"));
  const rows = section?.matchAll(/^\| `([\w-]+)` \|(.*?)\|/gm) ?? [];
  const names = (cell: string): string[] => Array.from(cell.matchAll(/`([\w-]+)`/g), (match) => match[1]!).sort();
  return Object.fromEntries(Array.from(rows, (row) => [row[1]!, names(row[2]!)]));
}

test("the table of arrows in ARCHITECTURE.md says what the manifests say", () => {
  const declared = packages.map((manifest) => [manifest.name.replace("@farmscope/", ""), localDependencies(manifest)]);
  assert.deepEqual(documentedArrows(), Object.fromEntries(declared));
});

test("a file imports only what the manifest of its package declares; tests may use the testkit and the tools besides", () => {
  const faults = imports.flatMap((entry) => {
    const module = moduleOf(entry);
    const manifest = packages.find((candidate) => candidate.directory === packageOf(entry.file));
    if (module === null || manifest === undefined || module === manifest.name) return [];
    if (module in manifest.dependencies) return [];
    const outsideServices =
      isTestFile(entry.file) || entry.file.includes("/console/") || manifest.name.endsWith("/testkit");
    if (outsideServices && module in ROOT_MANIFEST.devDependencies) return [];
    if (isTestFile(entry.file) && module === "@farmscope/testkit") return [];
    return [`${entry.file} imports ${module}`];
  });
  assert.deepEqual(faults, []);
});

test("no import leaves its package by a relative path", () => {
  const faults = imports.filter((entry) => {
    const target = targetOf(entry);
    return target !== null && packageOf(target) !== packageOf(entry.file);
  });
  assert.deepEqual(faults, []);
});

test("no service imports a service", () => {
  const services = packages.filter((manifest) => manifest.directory.startsWith("services/"));
  const names = new Set(services.map((manifest) => manifest.name));
  const faults = imports.filter((entry) => {
    const module = moduleOf(entry) ?? "";
    return names.has(module) && (packageOf(entry.file) ?? "").startsWith("services/");
  });
  assert.deepEqual(faults, []);
});

test("files of a package do not import one another in a circle", () => {
  const targets = new Map<string, string[]>();
  for (const entry of imports) {
    const target = targetOf(entry);
    if (target !== null && !entry.dynamic) targets.set(entry.file, [...(targets.get(entry.file) ?? []), target]);
  }
  assert.deepEqual(findCircles(targets), []);
});

/** One circle for each way back that a depth-first walk finds, as "a > b > a". */
function findCircles(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(file);
    if (seenAt >= 0) circles.push([...path.slice(seenAt), file].join(" > "));
    if (seenAt >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) walk(file, []);
  return circles;
}

test("the search for circles finds one", () => {
  const circle = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["a"]],
  ]);
  assert.deepEqual(findCircles(circle), ["a > b > c > a"]);
  assert.deepEqual(
    findCircles(
      new Map([
        ["a", ["b", "c"]],
        ["b", ["c"]],
      ]),
    ),
    [],
  );
});

test("every relative import names a file that is there", () => {
  const known = new Set(SOURCES);
  const faults = imports.filter((entry) => {
    const target = targetOf(entry);
    const isHandWritten = target !== null && /\.tsx?$/.test(target) && !/^proto\/gen\/|\.gen\.ts$/.test(target);
    return isHandWritten && !known.has(target);
  });
  assert.deepEqual(faults, []);
});
