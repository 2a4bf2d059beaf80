import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PageMap } from "../page/page-map.ts";
import { PageState } from "../page/page-state.ts";
import { Random } from "../random.ts";
import { hostileBytes, readsOrRefuses } from "./fixtures/hostile-bytes.ts";
import { encodePageMapRuns, pageMapRuns } from "./page-map-runs.ts";

const FRAMES = 5000;

function emptyMap(): PageMap {
  const map = new PageMap(10);
  // A hole before, between and inside: frames 0, 1000 to 1023, and what is never set.
  map.setZones([
    { name: "DMA", numaNode: 0, startPfn: 1, spanned: 999 },
    { name: "Normal", numaNode: 0, startPfn: 1024, spanned: FRAMES - 1024 },
  ]);
  return map;
}

function randomMap(seed: number): PageMap {
  const map = emptyMap();
  const random = new Random(seed);
  const states = [PageState.Free, PageState.Allocated, PageState.PerCpu];
  for (let event = 0; event < 200; event++) {
    const order = Math.min(random.nextInt(11), random.nextInt(11));
    const pfn = random.nextInt(FRAMES >> order) << order;
    const segment = map.segmentAt(pfn);
    if (segment !== null && pfn + 2 ** order <= segment.end) segment.zone.set(pfn, order, states[random.nextInt(3)]);
  }
  return map;
}

test("the runs of a map cover all frames and say of each what the map says", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const map = randomMap(seed);
      let next = 0;
      for (const { first, count, state, order } of pageMapRuns(encodePageMapRuns(map), map.frames)) {
        assert.equal(first, next);
        next += count;
        for (let pfn = first; pfn < next; pfn++) assert.deepEqual(map.blockAt(pfn), { state, order });
      }
      assert.equal(next, FRAMES);
    }),
    { numRuns: 30 },
  );
});

test("equal maps have equal bytes, whatever way they came to be", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const map = randomMap(seed);
      const bytes = encodePageMapRuns(map);
      const copy = emptyMap();
      const runs = [...pageMapRuns(bytes, FRAMES)].reverse();
      for (const { first, count, state, order } of runs) {
        if (state === PageState.Unknown) continue;
        for (let pfn = first; pfn < first + count; pfn += 2 ** order) copy.segmentAt(pfn)?.zone.set(pfn, order, state);
      }
      assert.deepEqual(encodePageMapRuns(copy), bytes);
    }),
    { numRuns: 30 },
  );
});

test("hostile bytes are decoded or refused", () => {
  const valid = fc.integer().map((seed) => encodePageMapRuns(randomMap(seed)));
  fc.assert(
    fc.property(hostileBytes(valid), fc.constantFrom(FRAMES, 1, 0, 2 ** 32), (bytes, frames) => {
      let next = 0;
      const works = readsOrRefuses(() => {
        for (const { count } of pageMapRuns(bytes, frames)) next += count;
      });
      assert.ok(works ? next === frames : next <= frames);
    }),
    { numRuns: 500 },
  );
});
