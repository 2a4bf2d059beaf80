import assert from "node:assert/strict";
import { test } from "node:test";
import { findBenches, runBench } from "./bench/bench.ts";

for (const file of findBenches([])) {
  test(`${file} runs at its smoke size and names its seed, a hash of its result and a ratio`, async () => {
    const { result } = await runBench(file, true);
    const keys = Object.keys(result);
    for (const wanted of [/^seed$/, /hash/i, /ratio/i])
      assert.ok(
        keys.some((key) => wanted.test(key)),
        `${wanted} in ${keys}`,
      );
  });
}
