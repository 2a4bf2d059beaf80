import assert from "node:assert/strict";
import { test } from "node:test";
import { CANARIES } from "./canaries.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 200;
const CANARY_SEEDS_MAX = 500;

test(`the services come to the same under the faults of ${SEEDS} seeds as where nothing goes wrong`, async () => {
  const failures: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = await simulate(seed);
    if (violations.length > 0) failures.push(`npm run sim -- --seed ${seed}\n  ${violations.join("\n  ")}`);
  }
  assert.deepEqual(failures, []);
});

test("a run is a function of its seed, to the last step", async () => {
  for (const seed of [3, 44, 373]) assert.deepEqual(await simulate(seed), await simulate(seed));
});

for (const canary of CANARIES) {
  test(`a planted bug is found: ${canary.name}`, async (context) => {
    for (let seed = 1; seed <= CANARY_SEEDS_MAX; seed++) {
      const { violations } = await simulate(seed, canary);
      if (violations.length === 0) continue;
      context.diagnostic(`found by seed ${seed}: ${violations[0]}`);
      return;
    }
    assert.fail(`not found by ${CANARY_SEEDS_MAX} seeds`);
  });
}
