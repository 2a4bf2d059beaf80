import assert from "node:assert/strict";
import { test } from "node:test";
import { create, ObservationSchema } from "@farmscope/proto";
import fc from "fast-check";
import { Random } from "../random.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import { encodeObservationRuns } from "../wire/observation-runs.ts";
import { isKeptBlock, ownerSalt } from "./block-sample.ts";
import { PageColumns, PageEventKind } from "./columns.ts";
import { columnsOf, type PageEventFields } from "./fixtures/columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { ModelKernel } from "./fixtures/model-kernel.ts";
import { PageFold } from "./page-fold.ts";

const FRAMES = 2 ** 15;
const ALL = { keepOneIn: 1, salt: 0 };

function foldOf(owners = ALL, frames = FRAMES): PageFold {
  const fold = new PageFold({ owners });
  fold.setFacts(factsOf(["Normal", 0, frames]));
  return fold;
}

function eventsOf(
  rows: readonly (PageEventFields & { readonly cgroup?: number; readonly type?: number })[],
): PageColumns {
  const columns = columnsOf(...rows);
  rows.forEach(({ cgroup = 0, type = 0 }, at) => {
    columns.cgroup[at] = cgroup;
    columns.migrateType[at] = type;
  });
  return columns;
}

/** Holders and lifetimes, frame by frame, from all events. */
class PlainOwners {
  readonly held = new Map<number, { cgroup: number; tick: number }>();
  readonly lifetimes: [cgroup: number, ticks: number][] = [];

  apply(columns: PageColumns, isKept: (pfn: number) => boolean): void {
    for (let at = 0; at < columns.length; at++) {
      const [first, order, tick] = [columns.pfn[at], columns.order[at], columns.tick[at]];
      if (!isKept(first)) continue;
      const before = this.held.get(first);
      if (columns.kind[at] === PageEventKind.Free && before !== undefined) {
        this.lifetimes.push([before.cgroup, Math.max(0, tick - before.tick)]);
      }
      for (let pfn = first; pfn < first + 2 ** order; pfn++) {
        if (columns.kind[at] === PageEventKind.Alloc) this.held.set(pfn, { cgroup: columns.cgroup[at], tick });
        else this.held.delete(pfn);
      }
    }
  }

  pages(): Map<number, number> {
    const pages = new Map<number, number>();
    for (const { cgroup } of this.held.values()) pages.set(cgroup, (pages.get(cgroup) ?? 0) + 1);
    return pages;
  }
}

test("owners and lifetimes of kept blocks are what every frame of theirs tells, through reloads too", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 2, 5), (seed, keepOneIn) => {
      const sample = { keepOneIn, salt: seed };
      const isKept = (pfn: number): boolean => isKeptBlock(pfn >>> 10, sample);
      const kernel = new ModelKernel(new Random(seed), FRAMES);
      let fold = foldOf(sample);
      const plain = new PlainOwners();
      const lifetimes: [number, number][] = [];
      const columns = new PageColumns();
      for (let batch = 0; batch < 12; batch++) {
        while (kernel.pending < columns.capacity) kernel.step();
        kernel.take(columns, columns.capacity);
        plain.apply(columns, isKept);
        fold.applyEvents(columns);
        for (const { cgroup, ticks } of fold.takeLifetimes()) lifetimes.push([cgroup, ticks]);
        const writer = new StateWriter();
        fold.encode(writer);
        fold = new PageFold({ owners: sample });
        fold.decode(new StateReader(writer.finish()));
      }
      assert.deepEqual(lifetimes, plain.lifetimes);
      assert.ok(lifetimes.length > 100);
      if (keepOneIn > 1) return;
      const owners = fold.owners(1000).map(({ cgroup, pages }) => [cgroup, pages.value, pages.lower, pages.upper]);
      const expected = [...plain.pages()].map(([cgroup, pages]) => [cgroup, pages, pages, pages]);
      const byCgroup = (a: readonly number[], b: readonly number[]): number => a[0] - b[0];
      assert.deepEqual(owners.sort(byCgroup), expected.sort(byCgroup));
    }),
    { numRuns: 12 },
  );
});

test("blame names who keeps blocks from being free, how old, movable or not, and the blocks nearest to being free", () => {
  const fold = foldOf(ALL, 4096);
  const ms = 15_625;
  fold.applyEvents(
    eventsOf([
      { kind: "Drain", pfn: 0, order: 10 },
      { kind: "Drain", pfn: 1024, order: 10 },
      { kind: "Drain", pfn: 2048, order: 10 },
      { kind: "Drain", pfn: 3072, order: 10 },
      { kind: "Alloc", pfn: 0, order: 3, tick: ms, cgroup: 7 },
      { kind: "Alloc", pfn: 512, order: 0, tick: 2 * ms, cgroup: 8, type: 1 },
      { kind: "Alloc", pfn: 514, order: 0, tick: 3 * ms, cgroup: 7 },
      { kind: "Alloc", pfn: 1024, order: 9, tick: 4 * ms, cgroup: 9, type: 1 },
      { kind: "Refill", pfn: 1536, order: 0, tick: 11 * ms },
    ]),
  );
  const blame = fold.blame(9);
  assert.ok(blame !== null);
  assert.equal(blame.keptBlocks, 4);
  assert.deepEqual(blame.pinnedBlocks, { value: 3, lower: 3, upper: 3 });
  assert.equal(blame.freeBlocks.value, 4);
  const owner = (cgroup: number) => blame.owners.find((one) => one.cgroup === cgroup)!;
  assert.deepEqual(
    [7, 8, 9].map((cgroup) => {
      const { pages, pinnedBlocks, solelyPinnedBlocks, movableShare, oldestTicks } = owner(cgroup);
      return [pages.value, pinnedBlocks.value, solelyPinnedBlocks.value, movableShare, oldestTicks / ms];
    }),
    [
      [9, 2, 1, 0, 10],
      [1, 1, 0, 1, 9],
      [512, 1, 1, 1, 7],
    ],
  );
  assert.equal(blame.owners[0].cgroup, 7);
  assert.deepEqual(
    blame.blocks.map(({ first, pages, movablePages, holders }) => [first, pages, movablePages, holders.length]),
    [
      [512, 2, 1, 2],
      [0, 8, 0, 1],
      [1024, 512, 512, 1],
    ],
  );
  const [p50] = [owner(9).ages.quantile(0.5)!];
  assert.ok(p50.lower <= 7_000 && p50.upper > 7_000);
});

test("pages that were handed out before anybody looked are blamed on nobody, and what the kernel freed unseen is forgotten", () => {
  const fold = foldOf(ALL, 1024);
  const observe = (id: number, classes: Uint8Array): void => {
    const chunks = [
      {
        firstPfn: 0,
        count: 1024,
        tick: 1_000_000n * BigInt(id),
        endTick: 1_000_000n * BigInt(id),
        runs: encodeObservationRuns(classes),
      },
    ];
    fold.applyObservation(create(ObservationSchema, { id, begin: true, end: true, chunks }));
  };
  observe(1, new Uint8Array(1024).fill(2));
  fold.applyEvents(eventsOf([{ kind: "Alloc", pfn: 5, tick: 1_500_000, cgroup: 3 }]));
  const before = fold.blame(10)!;
  assert.deepEqual(
    before.owners.map(({ cgroup, pages }) => [cgroup, pages.value]),
    [
      [null, 1023],
      [3, 1],
    ],
  );
  assert.deepEqual([before.blocks[0].pages, before.blocks[0].unknownPages], [1024, 1023]);
  observe(2, new Uint8Array(1024).fill(1));
  assert.deepEqual(fold.owners(10), []);
  assert.equal(fold.blame(10)!.freeBlocks.value, 1);
});

test("a sample keeps one block in so many, others for another node or boot", () => {
  const keeps = (node: string, boot: string): number[] => {
    const sample = { keepOneIn: 32, salt: ownerSalt(node, boot) };
    return Array.from({ length: 6400 }, (_, block) => block).filter((block) => isKeptBlock(block, sample));
  };
  const kept = keeps("n", "b");
  assert.ok(kept.length > 130 && kept.length < 270, `${kept.length}`);
  assert.deepEqual(keeps("n", "b"), kept);
  for (const other of [keeps("m", "b"), keeps("n", "c")]) {
    const both = other.filter((block) => kept.includes(block)).length;
    assert.ok(both < 30, `${both} blocks in both`);
  }
});

test("the hash is the kernel program's: hash_u32 of bpf/include/common.h", () => {
  // Values of the C function, compiled and run.
  const kept = (key: number, salt: number, one: number): boolean => isKeptBlock(key, { keepOneIn: one, salt });
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((block) => kept(block, 0x12345678, 3)),
    [false, false, false, true, false, false, false, true],
  );
});
