import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type Observation, ObservationSchema } from "@farmscope/proto";
import fc from "fast-check";
import { PageKernel } from "../kernel/page-kernel.ts";
import { Random } from "../random.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import { encodeObservationRuns } from "../wire/observation-runs.ts";
import { pageMapRuns } from "../wire/page-map-runs.ts";
import { PageColumns } from "./columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { MAX_ORDER, ModelKernel } from "./fixtures/model-kernel.ts";
import { PageFold } from "./page-fold.ts";
import { PageState } from "./page-state.ts";
import { ZoneMap } from "./zone-map.ts";

const GIB_FRAMES = 2 ** 18;
const FRAMES = GIB_FRAMES;
const COMPACT_BYTES_PER_GIB_MAX = 36 * 1024;

/** The same host, folded into a map of either form. */
class Pair {
  readonly random: Random;
  readonly kernel: ModelKernel;
  readonly base = new PageFold();
  compact = new PageFold({ form: "compact" });
  readonly #columns = new PageColumns();
  #observations = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.kernel = new ModelKernel(this.random.fork("kernel"), FRAMES, 1);
    for (const fold of [this.base, this.compact]) {
      fold.setFacts(factsOf(["Normal", 0, FRAMES]));
    }
  }

  /** Lets things happen; some of what is told about them cannot be. */
  run(bursts: number, illegalOneIn: number): void {
    for (let burst = 0; burst < bursts; burst++) this.kernel.step();
    while (this.kernel.pending > 0) {
      this.kernel.take(this.#columns, 4096);
      for (let index = 0; index < this.#columns.length; index++) {
        if (illegalOneIn > 0 && this.random.nextInt(illegalOneIn) === 0) this.#spoil(index);
      }
      for (const fold of [this.base, this.compact]) fold.applyEvents(this.#columns);
    }
  }

  observe(): void {
    const id = ++this.#observations;
    const part = (fields: object): Observation => create(ObservationSchema, { id, ...fields });
    const tick = BigInt(this.kernel.tick);
    const runs = encodeObservationRuns(this.kernel.observe(0, FRAMES));
    for (const fold of [this.base, this.compact]) fold.applyObservation(part({ begin: true }));
    this.run(3, 0);
    const chunks = [{ firstPfn: 0, count: FRAMES, tick, endTick: tick, runs }];
    const outcomes = [this.base, this.compact].map((fold) => fold.applyObservation(part({ chunks, end: true })));
    if (id > 1) assert.deepEqual(outcomes[1], outcomes[0]);
  }

  reload(): void {
    const writer = new StateWriter();
    this.compact.encode(writer);
    this.compact = new PageFold({ form: "compact" });
    this.compact.decode(new StateReader(writer.finish()));
  }

  #spoil(index: number): void {
    const columns = this.#columns;
    columns.kind[index] = this.random.nextInt(5);
    columns.order[index] = Math.min(this.random.nextInt(MAX_ORDER + 1), this.random.nextInt(MAX_ORDER + 1));
    columns.pfn[index] = this.random.nextInt(FRAMES) & ~(2 ** columns.order[index] - 1);
  }
}

/** The blocks that both forms keep: free ones, and those on per-CPU lists, with their orders. */
function keptBlocks(fold: PageFold): string[] {
  const blocks: string[] = [];
  for (const { first, count, state, order } of pageMapRuns(fold.encodeRuns(), fold.frames)) {
    if (state !== PageState.Free && state !== PageState.PerCpu) continue;
    for (let pfn = first; pfn < first + count; pfn += 2 ** order) blocks.push(`${pfn} ${order} ${state}`);
  }
  return blocks;
}

function keptOf(fold: PageFold) {
  return {
    blocks: keptBlocks(fold),
    counters: fold.counters,
    zones: fold.zones().map(({ freePages, pcpPages, freeBlocks, unusableIndex }) => ({
      freePages,
      pcpPages,
      freeBlocks,
      unusableIndex,
    })),
  };
}

test("a compact map equals the base map in all that it keeps, whatever happens, through observations and reloads", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const pair = new Pair(seed);
      pair.observe();
      for (let round = 0; round < 6; round++) {
        pair.run(80, 40);
        assert.deepEqual(keptOf(pair.compact), keptOf(pair.base));
        if (round === 2) pair.observe();
        if (round === 3) pair.reload();
        pair.run(20, 0);
      }
      assert.ok(pair.compact.zones()[0].pcpPages > 0);
      assert.ok(Number(pair.base.counters.anomalies?.drainOfAllocated) > 0);
    }),
    { numRuns: 6 },
  );
});

test("a compact map takes at most 36 KiB per GiB, however its frames are spread", () => {
  const kernel = new PageKernel(MAX_ORDER, [], "compact");
  const empty = kernel.exports.memory.buffer.byteLength;
  const large = new PageKernel(MAX_ORDER, [{ firstTile: 0, tiles: (64 * GIB_FRAMES) / 1024 }], "compact");
  const bytes = large.exports.memory.buffer.byteLength - empty;
  assert.ok(bytes <= 64 * COMPACT_BYTES_PER_GIB_MAX, `${bytes / 64 / 1024} KiB per GiB`);
});

test("the set of blocks on per-CPU lists has a limit; beyond it they are counted, and taken to be allocated", () => {
  const kernel = new PageKernel(MAX_ORDER, [{ firstTile: 0, tiles: 256 }], "compact");
  const zone = new ZoneMap(0, GIB_FRAMES, MAX_ORDER, kernel);
  for (let tile = 0; tile < 256; tile++) {
    zone.set(tile * 1024, MAX_ORDER, PageState.Free);
    zone.markObserved(tile);
  }
  const room = ((3 * 256) / 8) * 7;
  for (let block = 0; block < room; block++) zone.set(block * 3, 0, PageState.PerCpu);
  assert.equal(zone.givenUp, 0);
  zone.set(5000, 0, PageState.PerCpu);
  assert.equal(zone.givenUp, 1);
  assert.equal(zone.blockAt(5000), PageState.Allocated);
  for (let block = 0; block < room; block++) {
    assert.equal(zone.set(block * 3, 0, PageState.Free), 1 << PageState.PerCpu);
  }
  assert.equal(zone.set(5000, 0, PageState.Free), 1 << PageState.Allocated);
  assert.equal(zone.freeBlocks[MAX_ORDER], 256);
  assert.equal(zone.frames[PageState.PerCpu], 0);
});

test("a compact map agrees with the base map event by event", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(5, 7, 10, 11), (seed, maxOrder) => {
      const random = new Random(seed);
      const span = [{ firstTile: 1, tiles: 3 }];
      const [start, end] = [2 ** maxOrder, 2 ** (maxOrder + 2)];
      const base = new ZoneMap(start, end, maxOrder, new PageKernel(maxOrder, span));
      const compact = new ZoneMap(start, end, maxOrder, new PageKernel(maxOrder, span, "compact"));
      for (let tile = 0; tile < 3; tile++) {
        compact.markObserved(tile);
        base.set(base.tilePfn(tile), maxOrder, PageState.Allocated);
      }
      for (let event = 0; event < 600; event++) {
        const order = Math.min(random.nextInt(maxOrder + 1), random.nextInt(maxOrder + 1));
        const pfn = start + (random.nextInt(end - start) & ~(2 ** order - 1));
        const state = random.nextInt(2) === 0 ? PageState.Free : PageState.Allocated;
        const tile = random.nextInt(3);
        if (random.nextInt(40) === 0) {
          for (const zone of [base, compact]) {
            const saved = zone.saveTile(tile);
            zone.set(zone.tilePfn(tile), maxOrder, state);
            zone.restoreTile(tile, saved);
          }
        }
        const next = random.nextInt(8) === 0 && order < 4 ? PageState.PerCpu : state;
        assert.equal(compact.set(pfn, order, next), base.set(pfn, order, next));
        assert.deepEqual([...compact.freeBlocks], [...base.freeBlocks]);
        assert.equal(compact.frames[PageState.PerCpu], base.frames[PageState.PerCpu]);
        assert.equal(compact.frames[PageState.Free], base.frames[PageState.Free]);
      }
    }),
    { numRuns: 40 },
  );
});
