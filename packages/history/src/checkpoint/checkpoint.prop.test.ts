import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@farmscope/domain";
import fc from "fast-check";
import { PartitionRun } from "../fixtures/partition-run.ts";
import { randomWorld } from "../fixtures/random-world.ts";

/** Every step begins or goes on with a set, one node at a time: so sets span many records. */
const EAGER = { checkpointIntervalMs: 0, checkpointIntervalMsMin: 0, checkpointIntervalMsMax: 0, checkpointSliceMs: 0 };

test("a checkpoint and the tail of the log give what the whole log gives, wherever the fold was cut", async () => {
  let spanning = 0;
  let holding = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new Random(seed);
      const world = await randomWorld(random);
      const { last } = await world.log.positions({ kind: "event", partition: 0 });
      const whole = await PartitionRun.begin(world);
      await whole.foldThrough(last, () => 64, false);

      const emitted: string[][] = [];
      let committed = 0;
      let run = await PartitionRun.begin(world, 0, EAGER);
      for (let life = 0; life < 3; life++) {
        const cut = committed + random.nextInt(last - committed + 1);
        await run.foldThrough(cut, () => 1 + random.nextInt(5), true);
        emitted.push(run.emitted());
        if (run.state.waiting.size > 0) holding++;
        committed = Math.max(committed, cut);
        await run.checkpointer.close();
        run = await PartitionRun.begin(world, committed, EAGER);
        if (run.restored.through > run.restored.from) spanning++;
      }
      await run.foldThrough(last, () => 7, false);
      emitted.push(run.emitted());
      assert.deepEqual(run.outcome(), whole.outcome());
      assert.deepEqual(emitted.flat().sort(), whole.emitted().sort());
    }),
    { numRuns: 60 },
  );
  assert.ok(spanning > 20, `only ${spanning} sets spanned records`);
  assert.ok(holding > 5, `only ${holding} cuts fell while batches were held`);
});
