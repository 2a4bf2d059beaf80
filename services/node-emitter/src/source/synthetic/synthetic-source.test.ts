import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSlotPairs, tickToUnixMs } from "@farmscope/domain";
import type { Batch } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { EMITTER_LIMITS } from "../../config.ts";
import { CollectingOutlet, pollToEnd } from "../../fixtures.ts";
import { Batcher } from "../../stages/batcher.ts";
import { type SyntheticOptions, SyntheticSource } from "./index.ts";

async function setUp(options: Partial<SyntheticOptions>) {
  const clock = new ManualClock();
  const source = new SyntheticSource({ clock, seed: 1, nodes: 1, memoryBytes: 2 ** 24, ...options });
  const outlet = new CollectingOutlet();
  const batchers = (await source.open()).map((node) => {
    const membership = { farm: "f", version: 0 };
    const rest = { outlet, clock, limits: EMITTER_LIMITS, messageBytesMax: 2 ** 20, lossy: false };
    return [node.id, new Batcher({ node, membership, ...rest })] as const;
  });
  await source.start(new Map(batchers), new Map());
  const finish = async (): Promise<void> => {
    await source.close();
    for (const [, batcher] of batchers) batcher.finish();
  };
  return { clock, source, finish, batches: outlet.batches };
}

function eventsIn(batches: readonly Batch[]): number {
  return batches.reduce(
    (sum, { pages, runq, gcPauses }) => sum + (pages?.count ?? 0) + (runq?.count ?? 0) + gcPauses.length,
    0,
  );
}

/** Delays in the histograms. */
function countedIn(batches: readonly Batch[]): number {
  const pairs = batches.flatMap(({ histograms }) => histograms).map(({ slots }) => decodeSlotPairs(slots));
  return pairs.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
}

test("a node begins with its facts and one full observation of all its frames", async () => {
  const { source, finish, batches } = await setUp({ rate: 0, eventsPerNode: 2000 });
  pollToEnd(source);
  await finish();
  assert.equal(batches[0].facts?.source, "synthetic");
  const parts = batches.flatMap(({ observation }) => observation ?? []);
  const frames = parts.flatMap(({ chunks }) => chunks).reduce((sum, { count }) => sum + count, 0);
  assert.equal(frames, 2 ** 24 / 4096);
  assert.deepEqual([parts[0].begin, parts.at(-1)?.end], [true, true]);
});

test("a node ends at its number of events, by at most one burst more", async () => {
  const { source, finish, batches } = await setUp({ rate: 0, eventsPerNode: 10_000 });
  pollToEnd(source);
  await finish();
  const events = eventsIn(batches);
  assert.ok(events >= 10_000 && events < 12_000, `${events} events`);
  assert.equal(batches.at(-1)?.last, true);
});

test("events come at the rate that was asked for", async () => {
  const { source, finish, batches, clock } = await setUp({ rate: 1000, nodes: 2 });
  for (let poll = 0; poll < 600; poll++) {
    source.poll(clock.monotonicMs());
    await clock.advance(20);
  }
  await finish();
  const perNode = eventsIn(batches) / 2;
  assert.ok(perNode > 10_500 && perNode < 13_500, `${perNode} events in 12 s at 1,000 a second`);
});

test("one poll does a bounded amount of work, however much is due", async () => {
  const { source, clock } = await setUp({ rate: 1_000_000, nodes: 3 });
  source.poll(clock.monotonicMs());
  await clock.advance(60_000);
  assert.ok(source.poll(clock.monotonicMs()) < 20_000);
});

test("events are dated close to now, whatever the pace", async () => {
  const { source, finish, batches, clock } = await setUp({ rate: 0, eventsPerNode: 50_000 });
  pollToEnd(source, clock);
  await finish();
  for (const { clock: batchClock, pages } of batches) {
    if (pages === undefined) continue;
    const baseMs = tickToUnixMs(Number(batchClock?.baseTick), {
      realtimeOffsetUs: Number(batchClock?.realtimeOffsetUs),
    });
    assert.ok(Math.abs(baseMs - clock.nowMs()) < 10_000, `${baseMs - clock.nowMs()} ms from now`);
  }
});

test("the histograms count every run-queue delay, the raw events those of the kept tasks", async () => {
  const all = await setUp({ rate: 0, eventsPerNode: 30_000, runqKeepOneIn: 1 });
  pollToEnd(all.source);
  await all.finish();
  const counted = countedIn(all.batches);
  const { runq } = all.batches.at(-1)?.counters ?? {};
  assert.equal(runq?.sampledOut, 0n);
  assert.equal(counted, Number(runq?.batched));

  const some = await setUp({ rate: 0, eventsPerNode: 30_000, runqKeepOneIn: 8 });
  pollToEnd(some.source);
  await some.finish();
  const counters = some.batches.at(-1)?.counters?.runq;
  assert.ok((counters?.sampledOut ?? 0n) > 0n);
  assert.equal(counters?.seen, (counters?.batched ?? 0n) + (counters?.sampledOut ?? 0n));
  assert.equal(countedIn(some.batches), Number(counters?.seen));
});
