import assert from "node:assert/strict";
import { test } from "node:test";
import {
  create,
  fromBinary,
  MemoryGaugesSchema,
  PageCountersSchema,
  toBinary,
  ZoneMemorySchema,
} from "@farmscope/proto";
import { pageMapRuns } from "../wire/page-map-runs.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { columnsOf, type PageEventFields } from "./fixtures/columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { PageFold } from "./page-fold.ts";
import { PageState } from "./page-state.ts";

const FRAMES = 4096;

function foldOf(...events: readonly PageEventFields[]): PageFold {
  const fold = new PageFold();
  fold.setFacts(factsOf(["Normal", 0, FRAMES]));
  fold.applyEvents(columnsOf(...events));
  return fold;
}

/** Blocks that are known, as "state@pfn/order" with the number of equal ones in a row. */
function blocksOf(fold: PageFold): string[] {
  const names = Object.entries(PageState);
  return [...pageMapRuns(fold.encodeRuns(), fold.frames)]
    .filter(({ state }) => state !== PageState.Unknown)
    .map(({ first, count, state, order }) => {
      const name = names.find(([, value]) => value === state)?.[0];
      return `${name}@${first}/${order}x${count / 2 ** order}`;
    });
}

/** The anomalies that were counted at all. */
function anomaliesOf(fold: PageFold): Record<string, bigint> {
  const all = Object.entries(fold.counters.anomalies ?? {});
  return Object.fromEntries(
    all.filter((entry): entry is [string, bigint] => typeof entry[1] === "bigint" && entry[1] > 0n),
  );
}

test("a page goes from the buddy allocator over a per-CPU list to its user and back", () => {
  const fold = foldOf({ kind: "Free", pfn: 0, order: 10 });
  const steps: [PageEventFields, string[]][] = [
    [{ kind: "Refill", pfn: 0 }, ["PerCpu@0/0x1"]],
    [{ kind: "Alloc", pfn: 0 }, ["Allocated@0/0x1"]],
    [{ kind: "Free", pfn: 0 }, ["PerCpu@0/0x1"]],
  ];
  const halves = Array.from({ length: 10 }, (_, order) => `Free@${2 ** order}/${order}x1`);
  for (const [event, blocks] of steps) {
    fold.applyEvents(columnsOf(event));
    assert.deepEqual(blocksOf(fold), [...blocks, ...halves]);
  }
  fold.applyEvents(columnsOf({ kind: "Drain", pfn: 0 }));
  assert.deepEqual(blocksOf(fold), ["Free@0/10x1"]);
  assert.deepEqual(anomaliesOf(fold), {});
});

test("a freed block goes to a per-CPU list exactly when its order is kept there", () => {
  for (const order of [0, 1, 2, 3, 9]) {
    assert.deepEqual(blocksOf(foldOf({ kind: "Free", pfn: 512, order })), [`PerCpu@512/${order}x1`]);
  }
  for (const order of [4, 5, 6, 7, 8]) {
    assert.deepEqual(blocksOf(foldOf({ kind: "Free", pfn: 512, order })), [`Free@512/${order}x1`]);
  }
});

test("a page that is freed out of a larger allocated block leaves the rest allocated", () => {
  const fold = foldOf({ kind: "Alloc", pfn: 8, order: 3 }, { kind: "Free", pfn: 13 });
  assert.deepEqual(blocksOf(fold), ["Allocated@8/2x1", "Allocated@12/0x1", "PerCpu@13/0x1", "Allocated@14/1x1"]);
});

test("every illegal transition is counted by its kind, and still sets the state", () => {
  const free: PageEventFields = { kind: "Drain", pfn: 64 };
  const allocated: PageEventFields = { kind: "Alloc", pfn: 64 };
  const perCpu: PageEventFields = { kind: "Refill", pfn: 64 };
  const cases: [PageEventFields, PageEventFields["kind"], string, string][] = [
    [free, "Alloc", "allocOfFreeBuddy", "Allocated@64/0x1"],
    [free, "Free", "freeOfFree", "PerCpu@64/0x1"],
    [perCpu, "Free", "freeOfPcp", "PerCpu@64/0x1"],
    [allocated, "Drain", "drainOfAllocated", "Free@64/0x1"],
    [free, "Drain", "drainOfFree", "Free@64/0x1"],
    [allocated, "Refill", "refillOfAllocated", "PerCpu@64/0x1"],
    [perCpu, "Refill", "refillOfPcp", "PerCpu@64/0x1"],
    [allocated, "Extfrag", "refillOfAllocated", "PerCpu@64/0x1"],
    [perCpu, "Extfrag", "refillOfPcp", "PerCpu@64/0x1"],
  ];
  for (const [before, kind, anomaly, block] of cases) {
    const fold = foldOf(before, { kind, pfn: 64 });
    assert.deepEqual(anomaliesOf(fold), { [anomaly]: 1n });
    assert.deepEqual(blocksOf(fold), [block]);
  }
});

test("an event over frames in several states counts once, for the worst of them", () => {
  const fold = foldOf({ kind: "Drain", pfn: 0 }, { kind: "Refill", pfn: 1 }, { kind: "Free", pfn: 0, order: 3 });
  assert.deepEqual(anomaliesOf(fold), { freeOfFree: 1n });
});

test("what cannot be a block of a zone is out of range, and changes nothing", () => {
  const fold = new PageFold();
  fold.setFacts(factsOf(["DMA32", 16, 1000], ["Normal", 2048, 512]));
  fold.applyEvents(
    columnsOf(
      { kind: "Alloc", pfn: 15 },
      { kind: "Alloc", pfn: 1016 },
      { kind: "Alloc", pfn: 1012, order: 3 },
      { kind: "Alloc", pfn: 2047 },
      { kind: "Alloc", pfn: 2049, order: 1 },
      { kind: "Alloc", pfn: 2048, order: 10 },
      { kind: "Alloc", pfn: 0, order: 31 },
      { kind: "Alloc", pfn: 2 ** 32 - 1 },
    ),
  );
  assert.deepEqual(anomaliesOf(fold), { outOfRange: 8n });
  assert.deepEqual(blocksOf(fold), []);
  assert.equal(fold.counters.alloc, 8n);
});

test("events before any facts are counted out of range", () => {
  const fold = new PageFold();
  fold.applyEvents(columnsOf({ kind: "Alloc", pfn: 15, tick: 9 }));
  assert.deepEqual(anomaliesOf(fold), { outOfRange: 1n });
  assert.deepEqual([fold.newestTick, fold.frames, fold.zones(), fold.encodeRuns()], [9, 0, [], new Uint8Array(0)]);
});

test("free blocks do not coalesce across the border of two zones", () => {
  const fold = new PageFold();
  fold.setFacts(factsOf(["DMA32", 0, 512], ["Normal", 512, 512]));
  fold.applyEvents(columnsOf({ kind: "Drain", pfn: 0, order: 9 }, { kind: "Drain", pfn: 512, order: 9 }));
  assert.deepEqual(blocksOf(fold), ["Free@0/9x2"]);
  assert.deepEqual(
    fold.zones().map(({ freeBlocks }) => freeBlocks[9]),
    [1, 1],
  );
});

test("zones are shown with their rebuilt counts beside the kernel's own", () => {
  const fold = foldOf(
    { kind: "Drain", pfn: 0, order: 9 },
    { kind: "Drain", pfn: 512, order: 0 },
    { kind: "Drain", pfn: 514, order: 1 },
    { kind: "Alloc", pfn: 1024, order: 2 },
    { kind: "Refill", pfn: 2048, order: 3 },
  );
  const [before] = fold.zones();
  assert.deepEqual([before.managed, before.buddyinfo, before.kernelPcpPages], [FRAMES, [], 0]);
  const zones = [{ name: "Normal", freeBlocks: [1, 1], pcpPages: 8, managed: FRAMES - 7 }];
  fold.applyGauges(create(MemoryGaugesSchema, { zones }));
  const [zone] = fold.zones();
  assert.deepEqual(zone.freeBlocks, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  assert.deepEqual([zone.freePages, zone.allocatedPages, zone.pcpPages], [515, 4, 8]);
  assert.deepEqual([zone.managed, zone.buddyinfo, zone.kernelPcpPages], [FRAMES - 7, [1, 1], 8]);
  assert.equal(zone.unusableIndex[9], 3 / 515);
  assert.equal(zone.unusableIndex[10], 1);
});

test("what is shown can be written as protobuf", () => {
  const fold = foldOf({ kind: "Drain", pfn: 0, order: 9 }, { kind: "Drain", pfn: 0, order: 9 });
  const counters = fromBinary(PageCountersSchema, toBinary(PageCountersSchema, fold.counters));
  assert.deepEqual([counters.drain, counters.anomalies?.drainOfFree], [2n, 1n]);
  const [zone] = fold.zones();
  assert.equal(fromBinary(ZoneMemorySchema, toBinary(ZoneMemorySchema, zone)).freePages, 512);
});

test("a zone that grows keeps what is known, and its new frames can be used", () => {
  const fold = foldOf({ kind: "Drain", pfn: 1024, order: 10 });
  fold.setFacts(factsOf(["Normal", 0, 3 * FRAMES]));
  fold.applyEvents(columnsOf({ kind: "Alloc", pfn: 2 * FRAMES }));
  assert.deepEqual(blocksOf(fold), ["Free@1024/10x1", `Allocated@${2 * FRAMES}/0x1`]);
  assert.equal(fold.frames, 3 * FRAMES);
});

test("zones that move keep what is known of frames that some zone still has", () => {
  const fold = foldOf({ kind: "Drain", pfn: 1024, order: 10 }, { kind: "Alloc", pfn: 8, order: 3 });
  fold.setFacts(factsOf(["DMA32", 10, 1526], ["Movable", 1536, 1024]));
  assert.deepEqual(blocksOf(fold), ["Allocated@10/0x6", "Free@1024/9x2"]);
  assert.deepEqual(
    fold.zones().map(({ freePages, allocatedPages }) => [freePages, allocatedPages]),
    [
      [512, 6],
      [512, 0],
    ],
  );
});

test("where spans overlap the shorter one owns, and takes over what is known", () => {
  const fold = foldOf({ kind: "Drain", pfn: 1024, order: 10 });
  fold.setFacts(factsOf(["Normal", 0, FRAMES], ["Movable", 1024, 512]));
  assert.deepEqual(
    fold.zones().map(({ freePages }) => freePages),
    [512, 512],
  );
  fold.applyEvents(columnsOf({ kind: "Refill", pfn: 1024 }, { kind: "Refill", pfn: 1536 }));
  assert.deepEqual(
    fold.zones().map(({ freePages }) => freePages),
    [511, 511],
  );
});

test("facts that no kernel has are refused, and change nothing", () => {
  const fold = foldOf({ kind: "Alloc", pfn: 8 });
  for (const maxOrder of [0, 3, 16]) {
    assert.throws(() => fold.setFacts({ ...factsOf(["Normal", 0, 10]), maxOrder }), WireFormatError);
  }
  const half = 2 ** 29;
  assert.throws(() => fold.setFacts(factsOf(["Normal", 0, half], ["Movable", half, half + 1])), WireFormatError);
  assert.throws(() => fold.setFacts(factsOf(["Normal", 2 ** 32 - 10, 11])), WireFormatError);
  assert.deepEqual([fold.frames, blocksOf(fold)], [FRAMES, ["Allocated@8/0x1"]]);
});

test("the newest tick is the greatest, not the last", () => {
  const fold = foldOf({ kind: "Alloc", pfn: 8, tick: 900 }, { kind: "Free", pfn: 8, tick: 899 });
  assert.equal(fold.newestTick, 900);
});
