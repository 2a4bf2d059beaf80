import assert from "node:assert/strict";
import { test } from "node:test";
import { joinedBlocks, type KernelTotals } from "./kernel-totals.ts";
import { FrameState } from "./node-batches.ts";
import { totalErrors } from "./totals.ts";

const ZONE = { name: "Node 0, zone Normal", first: 0, end: 64, freeBlocks: [0, 0, 0, 0] };

test("free frames are joined into the largest aligned blocks, none beyond the largest order", () => {
  const free = new Set([1, 2, 3, ...Array.from({ length: 24 }, (_, index) => 8 + index)]);
  assert.deepEqual(
    joinedBlocks((pfn) => free.has(pfn), ZONE),
    [1, 1, 0, 3],
  );
});

function kernel(freeBlocks: number[], pcpPages: number): KernelTotals {
  return { atNs: 0, pcpPages, zones: [{ ...ZONE, freeBlocks }] };
}

test("totals that agree have no error; a per-CPU page too few is one frame", () => {
  const state = new Uint8Array(64).fill(FrameState.Allocated).fill(FrameState.Free, 16, 32);
  state[0] = FrameState.PerCpu;
  assert.deepEqual(totalErrors(state, kernel([0, 0, 0, 2], 2)), {
    pcpTotal: 1,
    pcpTotalKernel: 2,
    buddyMaxError: 0,
    unusableMaxError: 0,
  });
});

test("blocks that differ by more than four are a share of the kernel's, and the index says what that means", () => {
  const state = new Uint8Array(64).fill(FrameState.Allocated);
  for (let pfn = 0; pfn < 64; pfn += 4) state[pfn] = FrameState.Free;
  const errors = totalErrors(state, kernel([10, 0, 0, 0], 0));
  assert.equal(errors.buddyMaxError, 0.6);
  assert.equal(errors.unusableMaxError, 0);
  assert.equal(totalErrors(state, kernel([12, 0, 0, 0], 0)).buddyMaxError, 0);
  assert.equal(totalErrors(state, kernel([0, 0, 0, 2], 0)).unusableMaxError, 1);
});
