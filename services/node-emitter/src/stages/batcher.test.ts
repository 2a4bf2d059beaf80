import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSlotPairs } from "@farmscope/domain";
import {
  CountersSchema,
  create,
  HistogramDeltaSchema,
  MemoryGaugesSchema,
  type Observation,
  ObservationReason,
  ObservationSchema,
  Signal,
} from "@farmscope/proto";
import { ManualClock } from "@farmscope/runtime";
import { EMITTER_LIMITS } from "../config.ts";
import { CollectingOutlet, pageColumns, pfnsOf, runqColumns, testFacts, testNode } from "../fixtures.ts";
import { Batcher, type BatcherOptions } from "./batcher.ts";

function setUp(options: Partial<BatcherOptions> = {}) {
  const clock = new ManualClock();
  const outlet = new CollectingOutlet();
  const batcher = new Batcher({
    node: testNode(),
    membership: { farm: "farm-a", version: 0 },
    outlet,
    clock,
    limits: EMITTER_LIMITS,
    messageBytesMax: 2 ** 20,
    lossy: false,
    ...options,
  });
  return { clock, outlet, batcher, batches: outlet.batches };
}

function observationPart(id: number, begin: boolean, end: boolean, chunkBytes = [10]): Observation {
  const chunks = chunkBytes.map((size, index) => {
    return { firstPfn: 4096 * index, count: 4096, tick: 77n, endTick: 78n, runs: new Uint8Array(size) };
  });
  return create(ObservationSchema, { id, begin, end, chunks });
}

function histogram(counts: Record<number, number>, sumNs: bigint) {
  const slots = new Float64Array(200);
  for (const [slot, count] of Object.entries(counts)) slots[Number(slot)] = count;
  const times = { fromTick: 10n, toTick: 20n };
  return create(HistogramDeltaSchema, {
    signal: Signal.RUNQ_DELAY,
    cgroup: 1,
    ...times,
    slots: encodeSlotPairs(slots),
    sumNs,
  });
}

test("a batch is closed with its 4,096th event and not before", () => {
  const { batcher, batches } = setUp();
  batcher.pages(pageColumns(4095));
  assert.equal(batches.length, 0);
  batcher.runq(runqColumns(1));
  assert.equal(batches.length, 1);
  assert.equal(batches[0].pages?.count, 4095);
  assert.equal(batches[0].runq?.count, 1);
});

test("of 4,097 events the last opens the next batch", () => {
  const { batcher, batches } = setUp();
  batcher.pages(pageColumns(4097));
  batcher.finish();
  assert.deepEqual(
    batches.map((batch) => batch.pages?.count),
    [4096, 1],
  );
  assert.deepEqual(pfnsOf(batches), [...pageColumns(4097).pfn]);
});

test("a batch is closed 500 ms after its first event", async () => {
  const { batcher, batches, clock } = setUp();
  await clock.advance(10_000);
  batcher.pages(pageColumns(3));
  await clock.advance(499);
  batcher.pages(pageColumns(1));
  batcher.closeIfDue(clock.monotonicMs());
  assert.equal(batches.length, 0);
  await clock.advance(1);
  batcher.closeIfDue(clock.monotonicMs());
  assert.equal(batches.length, 1);
  await clock.advance(10_000);
  batcher.closeIfDue(clock.monotonicMs());
  assert.equal(batches.length, 1, "an empty batch is not sent");
});

test("each observation part is alone in its batch, behind the events given before it", () => {
  const { batcher, batches } = setUp();
  batcher.facts(testFacts());
  batcher.pages(pageColumns(2));
  batcher.observation(observationPart(1, true, false));
  batcher.observation(observationPart(1, false, true));
  batcher.pages(pageColumns(1));
  batcher.finish();
  const shape = batches.map(({ pages, observation, facts }) => [
    pages?.count ?? 0,
    observation?.id ?? 0,
    facts?.hostname,
  ]);
  assert.deepEqual(shape, [
    [2, 0, "host"],
    [0, 1, undefined],
    [0, 1, undefined],
    [1, 0, undefined],
  ]);
  assert.equal(Number(batches[1].clock?.baseTick), 77);
});

test("sequence numbers have no gaps, ids follow them, and only the last batch says it is the last", () => {
  const { batcher, outlet, batches } = setUp();
  for (let round = 0; round < 5; round++) {
    batcher.pages(pageColumns(3000));
    batcher.observation(observationPart(round, true, true));
  }
  batcher.finish();
  assert.deepEqual(
    batches.map((batch) => batch.identity?.seq),
    batches.map((_, index) => index),
  );
  assert.deepEqual(
    outlet.encoded.map((batch) => batch.id),
    batches.map((_, index) => `node-a/boot-1/1000/${index}`),
  );
  assert.deepEqual(
    batches.map((batch) => batch.last),
    batches.map((_, index) => index === batches.length - 1),
  );
});

test("facts and names go out once, and again when they change", () => {
  const { batcher, batches } = setUp();
  for (const [hostname, path] of [
    ["one", "/a"],
    ["one", "/a"],
    ["two", "/b"],
  ]) {
    batcher.facts(testFacts(hostname));
    batcher.cgroup(7, path);
    batcher.observation(observationPart(1, true, true));
  }
  assert.deepEqual(
    batches.flatMap((batch) => batch.facts?.hostname ?? []),
    ["one", "two"],
  );
  assert.deepEqual(
    batches.flatMap((batch) => batch.cgroups.map(({ path }) => path)),
    ["/a", "/b"],
  );
});

test("an observation that was asked for comes with the facts again: the batch that had them may be lost", () => {
  const { batcher, batches } = setUp();
  batcher.facts(testFacts());
  batcher.observation({ ...observationPart(1, true, false), reason: ObservationReason.START });
  batcher.observation({ ...observationPart(2, true, false), reason: ObservationReason.REQUESTED });
  batcher.observation({ ...observationPart(2, false, true), reason: ObservationReason.REQUESTED });
  const shape = batches.map(({ facts, observation }) => facts?.hostname ?? observation?.id);
  assert.deepEqual(shape, ["host", 1, "host", 2, 2]);
});

test("every event time is relative to a base tick that is not later", () => {
  const { batcher, batches } = setUp();
  batcher.pages(pageColumns(2));
  batcher.gcPause({ endTick: 999_990, durationNs: 5, pid: 1, cgroup: 2, runtime: 1, command: "node" });
  batcher.finish();
  assert.equal(Number(batches[0].clock?.baseTick), 999_990);
  assert.equal(batches[0].gcPauses[0].endTickOffset, 0n);
});

test("a batch counts what was batched up to its end, and never says that less was seen", () => {
  const { batcher, batches } = setUp();
  batcher.counters(
    create(CountersSchema, { pages: { seen: 10n, ringLost: 3n }, runq: { seen: 900n, sampledOut: 800n } }),
  );
  batcher.pages(pageColumns(5000));
  batcher.finish();
  assert.deepEqual(
    batches.map(({ counters }) => [counters?.pages?.batched, counters?.pages?.seen]),
    [
      [4096n, 4099n],
      [5000n, 5003n],
    ],
  );
  assert.equal(batches[1].counters?.runq?.seen, 900n);
});

test("the source position of a batch closed within a pour is that of its own last event", () => {
  const { batcher, batches } = setUp();
  batcher.position(5000);
  batcher.pages(pageColumns(5000));
  batcher.position(5001);
  batcher.gauges(create(MemoryGaugesSchema, { tick: 9n }));
  batcher.position(5002);
  batcher.observation(observationPart(1, true, true));
  batcher.finish();
  assert.deepEqual(
    batches.map((batch) => Number(batch.sourcePosition)),
    [4096, 5001, 5002, 5002],
  );
});

test("a node that moves to another farm does so between two batches", () => {
  const { batcher, batches } = setUp();
  batcher.pages(pageColumns(1));
  batcher.move({ farm: "farm-b", version: 3 });
  batcher.pages(pageColumns(1));
  batcher.finish();
  assert.deepEqual(
    batches.map((batch) => [batch.farm, batch.membershipVersion]),
    [
      ["farm-a", 0],
      ["farm-b", 3],
    ],
  );
});

test("no message outgrows the log's limit", () => {
  const messageBytesMax = 8192;
  const { batcher, outlet, batches } = setUp({ messageBytesMax });
  for (let id = 0; id < 200; id++) batcher.cgroup(id, `/${"x".repeat(100)}/${id}`);
  batcher.pages(pageColumns(4096));
  batcher.observation(observationPart(4, true, true, Array(10).fill(2000)));
  batcher.finish();
  const largest = Math.max(...outlet.encoded.map((batch) => batch.payload.length));
  assert.ok(largest <= messageBytesMax, `${largest} bytes`);
  assert.deepEqual(pfnsOf(batches).length, 4096);
  const parts = batches.flatMap(({ observation }) => observation ?? []);
  assert.equal(parts.flatMap((part) => part.chunks).length, 10);
  assert.deepEqual(
    parts.flatMap((part, index) => (part.begin ? [index] : [])),
    [0],
  );
  assert.deepEqual(
    parts.flatMap((part, index) => (part.end ? [index] : [])),
    [parts.length - 1],
  );
});

test("without room a source that cannot wait loses raw events, counted, and nothing else", () => {
  let losses = 0;
  const { batcher, outlet, batches } = setUp({ lossy: true, onLoss: () => losses++ });
  outlet.room = false;
  batcher.facts(testFacts());
  batcher.cgroup(1, "/a");
  batcher.histogram(histogram({ 3: 2 }, 6n));
  batcher.pages(pageColumns(4096));
  batcher.histogram(histogram({ 3: 1, 5: 1 }, 8n));
  batcher.pages(pageColumns(4096));
  assert.equal(batches.length, 0);
  assert.equal(losses, 0, "there is no use in observing while nothing gets through");
  outlet.room = true;
  batcher.pages(pageColumns(1));
  batcher.finish();
  const [batch] = batches;
  assert.equal(batch.identity?.seq, 0);
  assert.equal(batch.facts?.hostname, "host");
  assert.deepEqual(batch.counters?.pages?.spoolLost, 8192n);
  assert.deepEqual(batch.counters?.pages?.seen, 8193n);
  assert.deepEqual(
    batch.histograms.map(({ slots, sumNs }) => [slots, sumNs]),
    [[histogram({ 3: 3, 5: 1 }, 0n).slots, 14n]],
  );
  assert.deepEqual(batcher.counter.toJSON(), { name: "batch", in: 8193, out: 1, dropped: 8192, held: 0 });
});

test("after a loss an observation is asked for once there is room", () => {
  let losses = 0;
  const { batcher, outlet } = setUp({ lossy: true, onLoss: () => losses++ });
  outlet.room = false;
  batcher.pages(pageColumns(4096));
  outlet.room = true;
  batcher.pages(pageColumns(4096));
  assert.equal(losses, 1);
  batcher.pages(pageColumns(4096));
  assert.equal(losses, 1);
});

test("an observation of which a part found no room is given up to its end", () => {
  let losses = 0;
  const { batcher, outlet, batches } = setUp({ lossy: true, onLoss: () => losses++ });
  batcher.observation(observationPart(1, true, false));
  outlet.room = false;
  batcher.observation(observationPart(1, false, false));
  outlet.room = true;
  batcher.observation(observationPart(1, false, true));
  batcher.observation(observationPart(2, true, true));
  assert.deepEqual(
    batches.map(({ observation }) => [observation?.id, observation?.end]),
    [
      [1, false],
      [2, true],
    ],
  );
  assert.equal(losses, 1);
});

test("a source that can wait loses nothing, even when the last poll before the pause overshoots", () => {
  const { batcher, outlet, batches } = setUp({ lossy: false });
  outlet.room = false;
  batcher.pages(pageColumns(4096));
  batcher.pages(pageColumns(4096));
  assert.equal(batches.length, 2);
});

test("nothing may be poured into a finished batcher", () => {
  const { batcher } = setUp();
  batcher.finish();
  batcher.finish();
  assert.throws(() => batcher.pages(pageColumns(1)), /finished batcher/);
});
