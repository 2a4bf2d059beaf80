import assert from "node:assert/strict";
import { test } from "node:test";
import { PageState, pageMapRuns } from "@farmscope/domain";
import type { Batch } from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import fc from "fast-check";
import { EMITTER_LIMITS } from "../../config.ts";
import { CollectingOutlet, canonicalStream, foldPages, pollToEnd } from "../../fixtures.ts";
import { Batcher } from "../../stages/batcher.ts";
import type { SourceNode } from "../port.ts";
import { FrameTruth, type SimulatedTruth, SyntheticSource, WORKLOAD_NAMES } from "./index.ts";

const STATE_OF_TRUTH = {
  [FrameTruth.Hole]: PageState.Unknown,
  [FrameTruth.Free]: PageState.Free,
  [FrameTruth.Allocated]: PageState.Allocated,
  [FrameTruth.PerCpu]: PageState.PerCpu,
};

const scenario = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  mix: fc.constantFrom(...WORKLOAD_NAMES),
  memoryMiB: fc.constantFrom(16, 20, 64),
  events: fc.integer({ min: 100, max: 30_000 }),
  runqKeepOneIn: fc.constantFrom(1, 4, 16),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

interface Run {
  readonly source: SyntheticSource;
  readonly node: SourceNode;
  readonly batches: readonly Batch[];
}

async function open({ seed, mix, memoryMiB, events, runqKeepOneIn }: Scenario, resumeAt = 0) {
  const clock = new ManualClock();
  const memoryBytes = memoryMiB * 2 ** 20;
  const source = new SyntheticSource({
    clock,
    seed,
    nodes: 1,
    eventsPerNode: events,
    rate: 0,
    memoryBytes,
    mix,
    runqKeepOneIn,
  });
  const [node] = await source.open();
  const outlet = new CollectingOutlet();
  const membership = { farm: "f", version: 0 };
  const options = { node, membership, outlet, clock, limits: EMITTER_LIMITS, messageBytesMax: 2 ** 20, lossy: false };
  const batcher = new Batcher(options);
  await source.start(new Map([[node.id, batcher]]), new Map([[node.id, resumeAt]]));
  return { source, node, batcher, outlet };
}

async function runToEnd(plan: Scenario, resumeAt = 0, whilePolling?: (source: SyntheticSource) => void): Promise<Run> {
  const { source, node, batcher, outlet } = await open(plan, resumeAt);
  while (!source.finished) {
    source.poll(0);
    whilePolling?.(source);
    // As when its age closes a batch between two polls.
    batcher.closeIfDue(Number.POSITIVE_INFINITY);
  }
  await source.close();
  batcher.finish();
  return { source, node, batches: outlet.batches };
}

/** Frames whose folded state differs from the truth. */
function wrongFrames(run: Run): string[] {
  const fold = foldPages(run.batches);
  const truth: SimulatedTruth = run.source.truth(run.node.id);
  const wrong: string[] = [];
  for (const { first, count, state } of pageMapRuns(fold.encodeRuns(), fold.frames)) {
    for (let pfn = first; pfn < first + count; pfn++) {
      const expected = STATE_OF_TRUTH[truth.stateOf(pfn)];
      if (state !== expected) wrong.push(`${pfn}: ${state}, not ${expected}`);
    }
  }
  return wrong;
}

test("folding what a simulated node emits gives its true memory, frame by frame and block by block", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (plan) => {
      const run = await runToEnd(plan);
      assert.deepEqual(wrongFrames(run).slice(0, 5), []);
      const [zone] = foldPages(run.batches).zones();
      const truth = run.source.truth(run.node.id);
      assert.deepEqual(zone.freeBlocks, truth.freeBlocks());
      assert.equal(zone.pcpPages, truth.perCpuPages);
      assert.deepEqual(zone.buddyinfo, truth.freeBlocks(), "the last gauges are those of the end");
    }),
    { numRuns: 30 },
  );
});

test("no event contradicts the state that the events before it made", async () => {
  const run = await runToEnd({ seed: 3, mix: "fragmenting", memoryMiB: 64, events: 50_000, runqKeepOneIn: 16 });
  const { anomalies, alloc, free, drain, refill, extfrag } = foldPages(run.batches).counters;
  assert.deepEqual(
    Object.values(anomalies ?? {}).filter((count) => typeof count === "bigint" && count > 0n),
    [],
  );
  for (const [kind, count] of Object.entries({ alloc, free, drain, refill, extfrag })) assert.ok(count > 0n, kind);
});

test("a killed node goes on where its log ends: both halves together are the undisturbed run", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.double({ min: 0, max: 1, noNaN: true }), async (plan, share) => {
      const whole = await runToEnd(plan);
      const kept = whole.batches.slice(0, Math.floor(share * whole.batches.length));
      const resumeAt = Number(kept.at(-1)?.sourcePosition ?? 0n);
      const rest = await runToEnd(plan, resumeAt);
      assert.equal(rest.node.boot, whole.node.boot);
      assert.deepEqual(canonicalStream([...kept, ...rest.batches]), canonicalStream(whole.batches));
      for (const kind of ["pages", "runq", "gc"] as const) {
        const halves =
          (kept.at(-1)?.counters?.[kind]?.seen ?? 0n) + (rest.batches.at(-1)?.counters?.[kind]?.seen ?? 0n);
        assert.equal(halves, whole.batches.at(-1)?.counters?.[kind]?.seen, kind);
      }
    }),
    { numRuns: 20 },
  );
});

test("events that were sampled out are counted once, wherever the first half ends", async () => {
  const plan: Scenario = { seed: 5, mix: "balanced", memoryMiB: 16, events: 30_000, runqKeepOneIn: 16 };
  const { batches } = await runToEnd(plan);
  const seenOf = (batch: Batch | undefined): bigint => batch?.counters?.runq?.seen ?? 0n;
  for (const kept of batches) {
    const rest = await runToEnd(plan, Number(kept.sourcePosition));
    assert.equal(seenOf(kept) + seenOf(rest.batches.at(-1)), seenOf(batches.at(-1)));
  }
});

test("observations on demand change neither the stream's own items nor the positions", async () => {
  const plan: Scenario = { seed: 11, mix: "balanced", memoryMiB: 16, events: 20_000, runqKeepOneIn: 4 };
  const undisturbed = await runToEnd(plan);
  const asked = await runToEnd(plan, 0, (source) => source.observe("synthetic-0", 5));
  const isOwn = ({ observation }: Batch): boolean => observation === undefined || observation.id < 2 ** 31;
  assert.ok(!asked.batches.every(isOwn), "at least one was answered");
  assert.deepEqual(canonicalStream(asked.batches.filter(isOwn)), canonicalStream(undisturbed.batches));
  assert.equal(asked.batches.at(-1)?.sourcePosition, undisturbed.batches.at(-1)?.sourcePosition);
  assert.deepEqual(wrongFrames(asked), []);
});

test("a node's stream depends on the seed and its index, not on how many nodes there are", async () => {
  const streamOf = async (nodes: number, index: number, seed: number): Promise<string[]> => {
    const clock = new ManualClock();
    const source = new SyntheticSource({ clock, seed, nodes, eventsPerNode: 5000, rate: 0, memoryBytes: 2 ** 24 });
    const outlets = (await source.open()).map((node) => {
      const outlet = new CollectingOutlet();
      const membership = { farm: "f", version: 0 };
      const options = {
        node,
        membership,
        outlet,
        clock,
        limits: EMITTER_LIMITS,
        messageBytesMax: 2 ** 20,
        lossy: false,
      };
      return { id: node.id, outlet, batcher: new Batcher(options) };
    });
    await source.start(new Map(outlets.map(({ id, batcher }) => [id, batcher])), new Map());
    pollToEnd(source, clock);
    for (const { batcher } of outlets) batcher.finish();
    return canonicalStream(outlets[index].outlet.batches);
  };
  const alone = await streamOf(2, 1, 5);
  assert.deepEqual(await streamOf(4, 1, 5), alone);
  assert.notDeepEqual(await streamOf(2, 0, 5), alone);
  assert.notDeepEqual(await streamOf(2, 1, 6), alone);
});
