import assert from "node:assert/strict";
import { test } from "node:test";
import { compareFrames } from "./compare.ts";
import type { KernelReading } from "./kernel-reading.ts";

function reading(free: number[], managed: number[]): KernelReading {
  return {
    frames: free.length,
    free: Uint8Array.from(free),
    managed: Uint8Array.from(managed),
    startNs: new Float64Array(1),
    endNs: new Float64Array(1),
  };
}

test("frames that agree are right, holes are not judged and touched frames are ambiguous", () => {
  const kernel = reading([1, 0, 1, 0, 1], [1, 1, 0, 1, 1]);
  const model = { frames: 5, free: Uint8Array.from([1, 0, 0, 1, 0]), touched: Uint8Array.from([0, 0, 0, 0, 1]) };
  const agreement = compareFrames(kernel, model);
  assert.deepEqual(agreement, {
    frames: 3,
    wrong: 1,
    ambiguous: 1,
    rightRatio: 1 - 1 / 3,
    wronglyFree: 1,
    wronglyUsed: 0,
  });
});

test("a frame that the kernel manages and the model does not know counts as used by the model", () => {
  const kernel = reading([1, 1], [1, 1]);
  const agreement = compareFrames(kernel, { frames: 1, free: Uint8Array.of(1), touched: new Uint8Array(1) });
  assert.equal(agreement.wronglyUsed, 1);
});

test("a reading without managed frames has no ratio", () => {
  const agreement = compareFrames(reading([], []), { frames: 0, free: new Uint8Array(), touched: new Uint8Array() });
  assert.equal(agreement.rightRatio, null);
});
