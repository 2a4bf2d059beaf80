import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { runSuite, type SuiteResult } from "./suite-run.ts";
import { SUITES, type Suite } from "./suites.ts";

describe("a suite run", () => {
  const directory = mkdtempSync(join(tmpdir(), "farmscope-suite-"));
  after(() => rmSync(directory, { recursive: true }));

  const unit = SUITES.find((suite) => suite.name === "unit")!;
  const kernel = SUITES.find((suite) => suite.name === "kernel")!;

  async function run(suite: Suite, texts: readonly string[], required: readonly string[] = []): Promise<SuiteResult> {
    const files = texts.map((text, index) => {
      const file = join(directory, `${index}.test.mjs`);
      writeFileSync(file, `import { describe, it, test } from "node:test";\n${text}\n`);
      return file;
    });
    return await runSuite(suite, files, new Set(required));
  }

  test("tests are counted by outcome, groups of tests are not", async () => {
    const text = `
    test("passes", () => {});
    test("fails", () => { throw new Error("on purpose"); });
    test("is skipped", { skip: "no reason" }, () => {});
    describe("a group", () => { it("passes too", () => {}); });`;
    for (const suite of [unit, kernel]) {
      const { passed, failed, skipped, failures, skips } = await run(suite, [text]);
      assert.deepEqual([passed, failed, skipped], [2, 1, 1], suite.name);
      assert.match(failures[0]!.title, /0\.test\.mjs:4 {2}fails$/);
      assert.match(failures[0]!.text, /on purpose/);
      assert.equal(skips[0]!.text, "no reason");
    }
  });

  test("a skip of what is required fails", async () => {
    const { failed, skipped } = await run(kernel, ['test("loads", { skip: "not root" }, () => {});'], ["bpf"]);
    assert.deepEqual([failed, skipped], [1, 0]);
  });

  test("a file that cannot be loaded, dies or holds no test fails", async () => {
    for (const text of ["throw new Error('at load');", "process.exit(3);", ""]) {
      for (const suite of [unit, kernel]) {
        const { failed } = await run(suite, [text]);
        assert.ok(failed >= 1, `${suite.name}: ${text}`);
      }
    }
  });

  test("a suite that leaves something open is ended and fails", async () => {
    const text = 'test("passes", () => { setInterval(() => {}, 1000); });';
    const { failed, failures } = await run({ ...unit, suiteMsMax: 2_000 }, [text]);
    assert.equal(failed, 1);
    assert.match(failures[0]!.title, /did not end within 2 s/);
  });
});
