import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostileBytes, readsOrRefuses } from "./fixtures/hostile-bytes.ts";
import {
  decodeObservationRuns,
  encodeObservationRuns,
  forEachObservationRun,
  ObservationClass,
} from "./observation-runs.ts";
import { WireFormatError } from "./wire-format-error.ts";

const { NoFlags, Buddy, InUse, CompoundHead, CompoundTail, Hole } = ObservationClass;
const head = (order: number): number => CompoundHead | (order << 3);
const wholePage = (order: number): number[] => [head(order), ...new Array(2 ** order - 1).fill(CompoundTail)];

/** Runs of one class, whole compound pages, and heads and tails that do not fit together. */
const classes = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.constantFrom(NoFlags, Buddy, InUse, CompoundTail, Hole), fc.integer({ min: 1, max: 40 }))
        .map(([observed, count]): number[] => new Array(count).fill(observed)),
      fc
        .tuple(fc.nat({ max: 4 }), fc.integer({ min: 1, max: 4 }))
        .map(([order, count]) => new Array(count).fill(wholePage(order)).flat()),
      fc.nat({ max: 31 }).map((order) => [head(order)]),
    ),
  )
  .map((parts) => Uint8Array.from(parts.flat()));

test("the classes of frames are decoded as they were encoded", () => {
  fc.assert(
    fc.property(classes, (frames) => {
      const into = new Uint8Array(frames.length);
      decodeObservationRuns(encodeObservationRuns(frames), frames.length, into);
      assert.deepEqual(into, frames);
    }),
    { numRuns: 300 },
  );
});

test("hostile bytes are decoded or refused, and never visit a frame that is not there", () => {
  fc.assert(
    fc.property(hostileBytes(classes.map(encodeObservationRuns)), fc.nat({ max: 500 }), (bytes, count) => {
      let next = 0;
      const works = readsOrRefuses(() =>
        forEachObservationRun(bytes, count, (first, frames) => {
          assert.equal(first, next);
          next += frames;
        }),
      );
      assert.ok(works ? next === count : next <= count);
    }),
    { numRuns: 1000 },
  );
});

test("huge pages, one behind the other, are one run of a few bytes", () => {
  const frames = Uint8Array.from([...wholePage(9), ...wholePage(9), ...wholePage(9)]);
  const bytes = encodeObservationRuns(frames);
  const runs: unknown[] = [];
  forEachObservationRun(bytes, frames.length, (...run) => runs.push(run));
  assert.deepEqual(runs, [[0, 1536, CompoundHead, 9]]);
  assert.equal(bytes.length, 3);
});

test("a compound page that the range cuts off is a head and tails", () => {
  const runs: unknown[] = [];
  forEachObservationRun(encodeObservationRuns(Uint8Array.from(wholePage(3).slice(0, 5))), 5, (...run) =>
    runs.push(run),
  );
  assert.deepEqual(runs, [
    [0, 1, CompoundHead, 3],
    [1, 4, CompoundTail, 0],
  ]);
});

test("more frames than there is room for are over the limit", () => {
  const bytes = encodeObservationRuns(new Uint8Array(5));
  assert.throws(
    () => decodeObservationRuns(bytes, 5, new Uint8Array(4)),
    (error) => error instanceof WireFormatError && error.reason === "over-limit",
  );
});
