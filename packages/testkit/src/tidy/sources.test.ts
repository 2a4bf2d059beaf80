import assert from "node:assert/strict";
import { test } from "node:test";
import { repoFiles } from "../repo.ts";
import { codeOf } from "./code-text.ts";
import { importsOf, isTestFile, moduleOf, readRepoFile, SOURCES } from "./imports.ts";

const LINES_MAX = 400;
const files = repoFiles();
const cSources = files.filter((path) => /\.(c|h|cc)$/.test(path));
const written = [...SOURCES, ...cSources, ...files.filter((path) => /\.(mjs|sh|css)$/.test(path))];

/** "path:line: text" of every line that matches, in the given view of the file. */
function linesMatching(
  paths: readonly string[],
  pattern: RegExp,
  view: (text: string) => string = (text) => text,
): string[] {
  return paths.flatMap((path) => {
    const original = readRepoFile(path).split("\n");
    return view(original.join("\n"))
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${original[index]!.trim()}`] : []));
  });
}

test(`no file has more than ${LINES_MAX} lines`, () => {
  const faults = written.filter((path) => readRepoFile(path).split("\n").length - 1 > LINES_MAX);
  assert.deepEqual(faults, []);
});

test("nothing is left over: no note of unfinished work, no test left out or run alone, no silenced type error", () => {
  // The words are put together here so that this file does not hold them.
  const words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"];
  const pattern = new RegExp(
    `\\b(${words.join("|")})\\b|\\b(it|test|describe|suite)\\.(only|skip|todo)\\(|@ts-(ignore|nocheck)`,
  );
  assert.deepEqual(linesMatching(written, pattern), []);
});

test("hooks of tests stand inside a describe: all unit tests run in one process, where others would act on every file", () => {
  const tests = SOURCES.filter((path) => isTestFile(path));
  assert.deepEqual(linesMatching(tests, /^(before|after)(Each)?\(/), []);
});

test("no file holds a path of somebody's machine", () => {
  const texts = files.filter((path) => !/\.(png|bin|zst|trace|gz|woff2)$|package-lock\.json$/.test(path));
  assert.deepEqual(linesMatching(texts, /(^|[^\w.])\/(work|root|home\/\w+)\//), []);
});

/** Readers of a clock outside of packages/runtime, each with its reason. */
const CLOCK_READERS: Readonly<Record<string, string>> = {
  "packages/cli/src/truth/kernel-reading.ts":
    "its times are compared with those of events, so they are the kernel's own",
  "packages/cli/src/truth/kernel-totals.ts": "the same",
};

test("clocks, timers and chance are read in packages/runtime alone", () => {
  const bound = SOURCES.filter(
    (path) => !/^packages\/(runtime|testkit)\/|\/console\//.test(path) && !isTestFile(path) && !(path in CLOCK_READERS),
  );
  // Reading and writing a given time as text is no clock; packages/domain does without Date altogether.
  const pattern =
    /\bDate\.now\b|\bDate\(\)|\bperformance\.|\bset(Timeout|Interval|Immediate)\b|\bMath\.random\b|\bprocess\.hrtime\b/;
  assert.deepEqual(linesMatching(bound, pattern, codeOf), []);
  const domain = SOURCES.filter((path) => path.startsWith("packages/domain/") && !isTestFile(path));
  assert.deepEqual(linesMatching(domain, /\bDate\b/, codeOf), []);
});

test("no RxJS operator that keeps time is used", () => {
  const timers =
    /\b(timer|interval|delay|debounceTime|throttleTime|auditTime|sampleTime|bufferTime|windowTime|timeout)\b/;
  const users = SOURCES.filter((path) => importsOf(path).some((entry) => moduleOf(entry) === "rxjs"));
  const faults = users.filter((path) => {
    const named = /import\s*(?:type\s*)?\{([^}]*)\}\s*from\s*"rxjs(?:\/\w+)?"/g;
    return Array.from(readRepoFile(path).matchAll(named)).some((match) => timers.test(match[1]!));
  });
  assert.deepEqual(faults, []);
});

test("packages/domain is pure: nothing of Node, no RxJS, no process, no console", () => {
  const domain = SOURCES.filter((path) => path.startsWith("packages/domain/") && !isTestFile(path));
  const impure = domain
    .flatMap(importsOf)
    .filter((entry) => entry.specifier.startsWith("node:") || moduleOf(entry) === "rxjs");
  assert.deepEqual(impure, []);
  assert.deepEqual(linesMatching(domain, /\b(process|console|globalThis|Buffer)\./, codeOf), []);
});
