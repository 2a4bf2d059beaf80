import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@farmscope/domain";
import fc from "fast-check";
import { LogWorld } from "../fixtures/log-world.ts";
import { PartitionRun } from "../fixtures/partition-run.ts";
import { ScriptedNode } from "../fixtures/scripted-node.ts";

/** Every step begins or goes on with a set, one node at a time: so sets span many records. */
const EAGER = { checkpointIntervalMs: 0, checkpointIntervalMsMin: 0, checkpointSliceMs: 0 };

/** Forty seconds of a few nodes on which everything happens that a seed can think of. */
async function randomWorld(random: Random): Promise<LogWorld> {
  const world = new LogWorld();
  const nodes = Array.from({ length: 2 + random.nextInt(3) }, (_, at) => new ScriptedNode(`n${at}`));
  const late: { readonly node: string; readonly payload: Uint8Array; readonly second: number }[] = [];
  for (let second = 0; second < 40; second++) {
    await world.at(second);
    for (const node of nodes) {
      const { payload } = node.next(world.clock.nowMs(), 1 + random.nextInt(64));
      const fate = random.nextInt(24);
      if (fate === 0) late.push({ node: node.id, payload, second: second + 1 + random.nextInt(12) });
      else if (fate !== 1) await world.append(0, node.id, payload);
      if (fate === 2) await world.append(0, node.id, payload);
      if (fate === 3) node.restart();
      if (fate === 4 && random.nextInt(3) === 0) node.reboot();
      if (fate === 5 || fate === 6) node.observe(world.clock.nowMs());
      if (fate === 7) await world.append(0, "junk", Uint8Array.from([1, 2, 3]));
    }
    for (const { node, payload } of late.filter((one) => one.second === second)) await world.append(0, node, payload);
    await world.at(second + 0.5);
    if (random.nextInt(20) > 0) await world.tick();
    if (random.nextInt(12) === 0) nodes.push(new ScriptedNode(`n${nodes.length}`));
    if (random.nextInt(15) === 0) await world.at(second + 20);
  }
  return world;
}

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
