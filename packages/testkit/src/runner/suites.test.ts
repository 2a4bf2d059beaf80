import assert from "node:assert/strict";
import { test } from "node:test";
import { repoFiles } from "../repo.ts";
import { filesOf, isForbiddenSkip, requirementsOf, SUITES } from "./suites.ts";

const files = [
  "a/x.test.ts",
  "a/x.prop.test.ts",
  "a/x.it.test.ts",
  "a/x.kernel.test.ts",
  "a/x.browser.test.ts",
  "a/x.ts",
];
const suite = (name: string) => SUITES.find((candidate) => candidate.name === name)!;

test("a test file belongs to exactly the suite that its suffix names", () => {
  const found = SUITES.map((candidate) => [candidate.name, filesOf(candidate, files)]);
  assert.deepEqual(found, [
    ["unit", ["a/x.test.ts", "a/x.prop.test.ts"]],
    ["integration", ["a/x.it.test.ts"]],
    ["kernel", ["a/x.kernel.test.ts"]],
    ["browser", ["a/x.browser.test.ts"]],
  ]);
});

test("every test file of this repository belongs to exactly one suite", () => {
  const claimed = SUITES.flatMap((candidate) => filesOf(candidate));
  const all = repoFiles().filter((path) => /\.test\.tsx?$/.test(path));
  assert.deepEqual(claimed.toSorted(), all);
});

test("a skip is forbidden where its reason names something that is required", () => {
  const required = requirementsOf("nats, BPF");
  assert.equal(isForbiddenSkip(suite("integration"), "bpf: no BTF", required), true);
  assert.equal(isForbiddenSkip(suite("integration"), "redis-server was not found", required), false);
});

test("a skip of any reason is forbidden in a suite of which everything is required", () => {
  assert.equal(isForbiddenSkip(suite("kernel"), "not root", requirementsOf("bpf")), true);
  assert.equal(isForbiddenSkip(suite("integration"), "busy", requirementsOf("nats")), false);
  assert.equal(isForbiddenSkip(suite("integration"), "busy", requirementsOf("nats,redis")), true);
  assert.equal(isForbiddenSkip(suite("unit"), "busy", requirementsOf("nats,redis,bpf,chromium")), false);
});

test("without FARMSCOPE_REQUIRE nothing is required", () => {
  assert.equal(requirementsOf(undefined).size, 0);
  assert.equal(requirementsOf("").size, 0);
});
