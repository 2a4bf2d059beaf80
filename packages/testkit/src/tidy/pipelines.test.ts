import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, readRepoFile, SOURCES } from "./imports.ts";

/** What ARCHITECTURE.md says of the pipelines: file to stages. */
const documented: ReadonlyMap<string, readonly string[]> = new Map(
  Array.from(
    readRepoFile("ARCHITECTURE.md").matchAll(/^- `([\w/-]+\/pipeline\.ts)`: (.+)$/gm),
    (match) => [match[1]!, match[2]!.split(" -> ")] as const,
  ),
);

test("ARCHITECTURE.md lists the stages of every pipeline.ts", () => {
  const pipelines = SOURCES.filter((path) => path.endsWith("/pipeline.ts"));
  assert.deepEqual([...documented.keys()].toSorted(), pipelines.toSorted());
});

for (const [file, stages] of documented) {
  test(`every stage that ARCHITECTURE.md names of ${file} is one import there`, () => {
    const specifiers = importsOf(file).map((entry) => entry.specifier);
    const counts = stages.map((stage) => [stage, specifiers.filter((name) => name.endsWith(`/${stage}.ts`)).length]);
    assert.deepEqual(
      counts,
      stages.map((stage) => [stage, 1]),
    );
  });
}
