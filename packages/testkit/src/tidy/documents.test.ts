import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERROR_CODES, OTHER_VARIABLES, SETTINGS } from "@farmscope/runtime";
import { REPO_ROOT, repoFiles } from "../repo.ts";
import { readRepoFile } from "./imports.ts";

const DOCUMENTS = ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"];

/** Paths in backticks that mean something in the repository. */
function mentionedPaths(document: string): string[] {
  const spans = Array.from(readRepoFile(document).matchAll(/`([^`\s]+)`/g), (match) => match[1]!);
  const tops = new Set(repoFiles().map((path) => path.split("/")[0]!));
  return spans.filter(
    (span) => span.includes("/") && tops.has(span.split("/")[0]!) && !span.startsWith("node_modules"),
  );
}

for (const document of DOCUMENTS) {
  test(`every file that ${document} names is there`, () => {
    const faults = mentionedPaths(document).filter(
      (path) => !existsSync(join(REPO_ROOT, path)) && globSync(path, { cwd: REPO_ROOT }).length === 0,
    );
    assert.deepEqual(faults, []);
  });
}

test("ARCHITECTURE.md names enough files for that to mean something", () => {
  assert.ok(mentionedPaths("ARCHITECTURE.md").length > 30);
});

test("docs/errors.md has one row for every error code, and none for any other", () => {
  const rows = Array.from(readRepoFile("docs/errors.md").matchAll(/^\| `([A-Z_]+)` \|/gm), (match) => match[1]!);
  assert.deepEqual(rows.toSorted(), [...ERROR_CODES].toSorted());
});

test("README.md has every setting with its variable, and every other variable; and no variable besides", () => {
  const documented = new Set(readRepoFile("README.md").match(/\bFARMSCOPE_[A-Z_]+\b/g));
  const known = [...SETTINGS.map((setting) => setting.env), ...Object.keys(OTHER_VARIABLES)];
  assert.deepEqual([...documented].toSorted(), known.toSorted());
});

test("README.md has a row for every command, and none for any other", () => {
  const registry = readRepoFile("packages/cli/src/cli.ts");
  const commands = Array.from(registry.matchAll(/^ {4}name: "([a-z]+)",$/gm), (match) => match[1]!);
  const rows = Array.from(readRepoFile("README.md").matchAll(/^\| `farmscope ([a-z]+)/gm), (match) => match[1]!);
  assert.ok(commands.length > 2);
  assert.deepEqual(rows.toSorted(), commands.toSorted());
});

test("README.md shows both commands", () => {
  for (const command of ["npm start", "npm test"]) assert.ok(readRepoFile("README.md").includes(command), command);
});
