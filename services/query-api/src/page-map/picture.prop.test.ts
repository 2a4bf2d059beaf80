import assert from "node:assert/strict";
import { it } from "node:test";
import { type PageMapRun, PageState } from "@farmscope/domain";
import fc from "fast-check";
import { classOf, paletteIndex, SHADE_SHARES } from "./palette.ts";
import { paint, shapeOf } from "./picture.ts";

const runs = fc
  .array(
    fc.record({
      blocks: fc.integer({ min: 1, max: 40 }),
      order: fc.integer({ min: 0, max: 5 }),
      state: fc.integer({ min: 0, max: 3 }),
    }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((parts) => {
    let first = 0;
    return parts.map(({ blocks, order, state }): PageMapRun => {
      const size = state === PageState.Unknown ? 0 : order;
      const run = { first, count: blocks * 2 ** size, state: state as PageState, order: size };
      first += run.count;
      return run;
    });
  });

/** The colour of a pixel by counting its frames one at a time. */
function naive(frames: readonly PageMapRun[]): number {
  const count = (matches: (run: PageMapRun) => boolean): number => frames.filter(matches).length;
  const most = (choices: readonly number[], size: (choice: number) => number): number =>
    choices.reduce((best, next) => (size(next) > size(best) ? next : best));
  const state = most([0, 1, 2, 3], (choice) => count((run) => run.state === choice)) as PageState;
  const inState = frames.filter((run) => run.state === state);
  const orders = [0, 1, 2, 3, 4, 5];
  const order = most(orders, (choice) => inState.filter((run) => run.order === choice).length);
  const share = inState.length / frames.length;
  return paletteIndex(
    classOf(state, order),
    SHADE_SHARES.findIndex((least) => share >= least),
  );
}

it("paints every pixel as counting its frames one at a time says", () => {
  fc.assert(
    fc.property(runs, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 7 }), (map, from, length, scale) => {
      const total = map.reduce((sum, run) => sum + run.count, 0);
      const first = from % total;
      const count = 1 + (length % (total - first));
      const shape = shapeOf({ first, count }, { scale, width: 16, pixelsDefault: 1 });
      const frames = map.flatMap((run) => Array.from({ length: run.count }, () => run)).slice(first, first + count);
      const cells = Math.ceil(count / 2 ** scale);
      const expected = Array.from({ length: cells }, (_, i) =>
        naive(frames.slice(i * 2 ** scale, (i + 1) * 2 ** scale)),
      );
      const pixels = paint(map, shape);
      assert.deepEqual([...pixels.subarray(0, cells)], expected);
      assert.ok([...pixels.subarray(cells)].every((pixel) => pixel === 0));
    }),
  );
});
