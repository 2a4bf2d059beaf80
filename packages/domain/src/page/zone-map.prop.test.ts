import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../random.ts";
import { type KnownState, orderOfByte, PageState, stateOfByte } from "./page-state.ts";
import { type ReferenceBlock, ReferencePageMap } from "./reference-page-map.ts";
import { ZoneMap } from "./zone-map.ts";

const STATES: readonly KnownState[] = [PageState.Free, PageState.Allocated, PageState.PerCpu];

/** A zone in the middle of nowhere, whose bounds are not those of a block. */
interface Place {
  readonly start: number;
  readonly frames: number;
  readonly maxOrder: number;
}

const place: fc.Arbitrary<Place> = fc.record({
  start: fc.integer({ min: 0, max: 3000 }),
  frames: fc.integer({ min: 1, max: 3000 }),
  maxOrder: fc.constantFrom(4, 5, 7, 10, 11),
});

test("a zone map agrees with the reference after any events, legal or not", () => {
  fc.assert(
    fc.property(place, fc.integer(), (where, seed) => {
      const { start, frames, maxOrder } = where;
      const fast = new ZoneMap(start, start + frames, maxOrder);
      const reference = new ReferencePageMap(start, start + frames, maxOrder);
      const random = new Random(seed);
      for (let event = 0; event < 2000; event++) {
        const block = randomBlock(random, where);
        if (random.nextInt(50) === 0) {
          fast.forget(block.pfn, block.order);
          reference.forget(block.pfn, block.order);
          continue;
        }
        const state = STATES[random.nextInt(STATES.length)];
        const held = reference.set(block.pfn, block.order, state);
        assert.equal(fast.set(block.pfn, block.order, state), held);
        if (event % 500 === 499) assertSame(fast, reference);
      }
      assertSame(fast, reference);
    }),
    { numRuns: 100 },
  );
});

test("applying any event twice changes nothing more", () => {
  fc.assert(
    fc.property(place, fc.integer(), (where, seed) => {
      const once = new ZoneMap(where.start, where.start + where.frames, where.maxOrder);
      const twice = new ZoneMap(where.start, where.start + where.frames, where.maxOrder);
      const random = new Random(seed);
      for (let event = 0; event < 300; event++) {
        const { pfn, order } = randomBlock(random, where);
        const state = STATES[random.nextInt(STATES.length)];
        once.set(pfn, order, state);
        twice.set(pfn, order, state);
        twice.set(pfn, order, state);
      }
      assert.deepEqual(blocksOf(twice), blocksOf(once));
      assert.deepEqual(twice.freeBlocks, once.freeBlocks);
      assert.deepEqual(twice.frames, once.frames);
    }),
    { numRuns: 50 },
  );
});

test("a restored tile has the blocks and counts that it had when it was saved", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(4, 7, 10), (seed, maxOrder) => {
      const where = { start: 0, frames: 2 ** maxOrder, maxOrder };
      const zone = new ZoneMap(0, where.frames, maxOrder);
      const random = new Random(seed);
      scramble(zone, random, where);
      const saved = zone.saveTile(0);
      const before = { blocks: blocksOf(zone), free: zone.freeBlocks.slice(), frames: zone.frames.slice() };
      scramble(zone, random, where);
      zone.restoreTile(0, saved);
      assert.deepEqual({ blocks: blocksOf(zone), free: zone.freeBlocks, frames: zone.frames }, before);
    }),
    { numRuns: 100 },
  );
});

function scramble(zone: ZoneMap, random: Random, where: Place): void {
  for (let event = 0; event < 100; event++) {
    const { pfn, order } = randomBlock(random, where);
    zone.set(pfn, order, STATES[random.nextInt(STATES.length)]);
  }
}

/** Small orders are likelier, as they are in life. */
function randomBlock(random: Random, { start, frames, maxOrder }: Place): { pfn: number; order: number } {
  for (;;) {
    const order = Math.min(random.nextInt(maxOrder + 1), random.nextInt(maxOrder + 1));
    const pfn = Math.floor((start + random.nextInt(frames)) / 2 ** order) * 2 ** order;
    if (pfn >= start && pfn + 2 ** order <= start + frames) return { pfn, order };
  }
}

function assertSame(fast: ZoneMap, reference: ReferencePageMap): void {
  assert.deepEqual(blocksOf(fast), reference.blocks());
  const freeBlocks = new Array(fast.freeBlocks.length).fill(0);
  const frames = [0, 0, 0, 0];
  for (const { order, state } of reference.blocks()) {
    frames[state] += 2 ** order;
    if (state === PageState.Free) freeBlocks[order]++;
  }
  assert.deepEqual([...fast.freeBlocks], freeBlocks);
  assert.deepEqual([...fast.frames], frames);
}

function blocksOf(zone: ZoneMap): ReferenceBlock[] {
  const expanded = new Uint8Array(2 ** zone.maxOrder);
  const blocks: ReferenceBlock[] = [];
  for (let pfn = zone.startPfn; pfn < zone.endPfn; ) {
    const tile = zone.tileOf(pfn);
    zone.expandTile(tile, expanded);
    const byte = expanded[pfn - zone.tilePfn(tile)];
    assert.equal(zone.blockAt(pfn), byte);
    if (byte === 0) {
      pfn++;
      continue;
    }
    blocks.push({ first: pfn, order: orderOfByte(byte), state: stateOfByte(byte) });
    pfn += 2 ** orderOfByte(byte);
  }
  return blocks;
}
