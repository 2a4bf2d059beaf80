import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../random.ts";
import { pageMapRuns } from "../wire/page-map-runs.ts";
import { PAGE_EVENTS_MAX, PageColumns, PageEventKind } from "./columns.ts";
import { factsOf } from "./fixtures/facts.ts";
import { MAX_ORDER, ModelKernel, PCP_ORDER_MASK } from "./fixtures/model-kernel.ts";
import { PageFold } from "./page-fold.ts";
import { PageState } from "./page-state.ts";
import { type ReferenceBlock, ReferencePageMap } from "./reference-page-map.ts";

/** Zones whose bounds are those of no block, and a hole between them. */
const ZONES = [
  { name: "DMA", start: 3, end: 1500 },
  { name: "Normal", start: 2051, end: 6000 },
] as const;
const FRAMES = 6000;
const EVENTS = 1_000_000;
const RUNS = 8;

type Anomalies = Record<string, number>;

/** The fold of page events, written for the eye: what happens at each event is spelled out. */
class ReferenceFold {
  readonly zones = ZONES.map(({ start, end }) => new ReferencePageMap(start, end, MAX_ORDER));
  readonly kinds = [0, 0, 0, 0, 0];
  readonly anomalies: Anomalies = {};

  apply(kind: number, pfn: number, order: number): void {
    this.kinds[kind]++;
    const end = pfn + 2 ** order;
    const zone = ZONES.findIndex((place) => pfn >= place.start && end <= place.end);
    if (zone < 0 || order > MAX_ORDER || pfn % 2 ** order !== 0) {
      this.#count("outOfRange");
      return;
    }
    const held = this.zones[zone].set(pfn, order, nextState(kind, order));
    const was = (state: PageState): boolean => (held & (1 << state)) !== 0;
    if (kind === PageEventKind.Alloc && was(PageState.Free)) this.#count("allocOfFreeBuddy");
    if (kind === PageEventKind.Free && was(PageState.Free)) this.#count("freeOfFree");
    else if (kind === PageEventKind.Free && was(PageState.PerCpu)) this.#count("freeOfPcp");
    if (kind === PageEventKind.Drain && was(PageState.Allocated)) this.#count("drainOfAllocated");
    else if (kind === PageEventKind.Drain && was(PageState.Free)) this.#count("drainOfFree");
    if (kind < PageEventKind.Refill) return;
    if (was(PageState.Allocated)) this.#count("refillOfAllocated");
    else if (was(PageState.PerCpu)) this.#count("refillOfPcp");
  }

  #count(anomaly: string): void {
    this.anomalies[anomaly] = (this.anomalies[anomaly] ?? 0) + 1;
  }
}

function nextState(kind: number, order: number): 1 | 2 | 3 {
  if (kind === PageEventKind.Alloc) return PageState.Allocated;
  if (kind === PageEventKind.Drain) return PageState.Free;
  if (kind === PageEventKind.Free && (PCP_ORDER_MASK & (1 << order)) === 0) return PageState.Free;
  return PageState.PerCpu;
}

/** Events of a kernel at work, among which are some that cannot be, and some that are nowhere. */
function fill(columns: PageColumns, random: Random, kernel: ModelKernel): void {
  while (kernel.pending < columns.capacity) kernel.step();
  kernel.take(columns, columns.capacity);
  for (let index = 0; index < columns.length; index++) {
    const chance = random.nextInt(20);
    if (chance > 1) continue;
    columns.kind[index] = random.nextInt(5);
    columns.order[index] = Math.min(random.nextInt(MAX_ORDER + 2), random.nextInt(16));
    const pfn = random.nextInt(FRAMES + 100);
    columns.pfn[index] = chance === 0 ? pfn : pfn & ~(2 ** columns.order[index] - 1);
  }
}

function assertSame(fold: PageFold, reference: ReferenceFold): void {
  const { anomalies, alloc, free, drain, refill, extfrag } = fold.counters;
  assert.deepEqual([alloc, free, drain, refill, extfrag].map(Number), reference.kinds);
  for (const [name, count] of Object.entries(anomalies ?? {})) {
    if (name !== "$typeName") assert.equal(Number(count), reference.anomalies[name] ?? 0, name);
  }
  const expected = reference.zones.map((zone) => zone.blocks());
  assert.deepEqual(blocksOf(fold), expected.flat());
  fold.zones().forEach((zone, at) => {
    const ofState = (state: PageState): ReferenceBlock[] => expected[at].filter((block) => block.state === state);
    const pages = (state: PageState): number => ofState(state).reduce((sum, { order }) => sum + 2 ** order, 0);
    const { freePages, allocatedPages, pcpPages, freeBlocks } = zone;
    const states = [PageState.Free, PageState.Allocated, PageState.PerCpu];
    assert.deepEqual([freePages, allocatedPages, pcpPages], states.map(pages));
    for (let order = 0; order <= MAX_ORDER; order++) {
      assert.equal(freeBlocks[order], ofState(PageState.Free).filter((block) => block.order === order).length);
    }
  });
}

function blocksOf(fold: PageFold): ReferenceBlock[] {
  const blocks: ReferenceBlock[] = [];
  for (const { first, count, state, order } of pageMapRuns(fold.encodeRuns(), fold.frames)) {
    if (state === PageState.Unknown) continue;
    for (let pfn = first; pfn < first + count; pfn += 2 ** order) blocks.push({ first: pfn, order, state });
  }
  return blocks;
}

test(`over ${EVENTS} events, legal and not, the kernel has the reference's state and anomalies`, () => {
  const seen: Anomalies = {};
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const fold = new PageFold();
      fold.setFacts(factsOf(...ZONES.map(({ name, start, end }) => [name, start, end - start] as const)));
      const reference = new ReferenceFold();
      const kernel = new ModelKernel(random.fork("kernel"), 2 ** 13);
      const columns = new PageColumns();
      for (let events = 0; events < EVENTS / RUNS; events += PAGE_EVENTS_MAX) {
        fill(columns, random, kernel);
        fold.applyEvents(columns);
        for (let at = 0; at < columns.length; at++) {
          reference.apply(columns.kind[at], columns.pfn[at], columns.order[at]);
        }
        if (events % (8 * PAGE_EVENTS_MAX) === 0) assertSame(fold, reference);
      }
      assertSame(fold, reference);
      for (const [name, count] of Object.entries(reference.anomalies)) seen[name] = (seen[name] ?? 0) + count;
    }),
    { numRuns: RUNS },
  );
  assert.equal(Object.keys(seen).length, 8, `only ${Object.keys(seen)} happened`);
});
