import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addFreeBlocks,
  contiguousPagesOf,
  externalFragmentationIndex,
  farmFragmentationRate,
  freePagesOf,
  unusableFreeSpaceIndex,
  usablePagesOf,
} from "./measures.ts";

/** 3 x 1 + 2 x 2 + 1 x 8 + 1 x 512 + 2 x 1024 = 2575 pages. */
const BLOCKS = [3, 2, 0, 1, 0, 0, 0, 0, 0, 1, 2];

test("free and usable pages are sums over the blocks that are large enough", () => {
  assert.equal(freePagesOf(BLOCKS), 2575);
  assert.equal(usablePagesOf(BLOCKS, 9), 2560);
  assert.equal(usablePagesOf(BLOCKS, 10), 2048);
  assert.equal(usablePagesOf(BLOCKS, 11), 0);
});

test("the unusable free space index is the share of free pages in blocks that are too small", () => {
  assert.equal(unusableFreeSpaceIndex(BLOCKS, 0), 0);
  assert.equal(unusableFreeSpaceIndex(BLOCKS, 1), 3 / 2575);
  assert.equal(unusableFreeSpaceIndex(BLOCKS, 4), 15 / 2575);
  assert.equal(unusableFreeSpaceIndex(BLOCKS, 9), 15 / 2575);
  assert.equal(unusableFreeSpaceIndex(BLOCKS, 10), 527 / 2575);
  assert.equal(unusableFreeSpaceIndex([100, 10], 9), 1);
});

test("where nothing is free the unusable index is 0, or 1 as the kernel has it", () => {
  assert.equal(unusableFreeSpaceIndex([0, 0, 0], 2), 0);
  assert.equal(unusableFreeSpaceIndex([], 2, 1), 1);
});

test("the external fragmentation index is -1 where the allocation would succeed", () => {
  assert.equal(externalFragmentationIndex(BLOCKS, 9), -1);
  assert.equal(externalFragmentationIndex([1], 0), -1);
});

test("the external fragmentation index is 0 without free blocks and negative with a single one", () => {
  assert.equal(externalFragmentationIndex([0, 0], 1), 0);
  // One page where two are asked for: 1 - (1 + 1/2) / 1.
  assert.equal(externalFragmentationIndex([1], 1), -1 / 2);
  // One page where 512 are asked for: 1 - (1 + 1/512) / 1.
  assert.equal(externalFragmentationIndex([1], 9), -1 / 512);
});

test("the external fragmentation index nears 1 the more small blocks there are", () => {
  // 1024 pages in 1024 blocks where 512 are asked for: 1 - (1 + 2) / 1024.
  assert.equal(externalFragmentationIndex([1024], 9), 1 - 3 / 1024);
  // Two blocks of half the size: 1 - (1 + 1) / 2.
  assert.equal(externalFragmentationIndex([0, 0, 0, 0, 0, 0, 0, 0, 2], 9), 0);
});

test("contiguous pages are those in blocks of orders 4 to 9", () => {
  assert.equal(contiguousPagesOf(BLOCKS), 512);
  assert.equal(contiguousPagesOf([9, 9, 9, 9, 1, 1, 0, 0, 0, 0, 9]), 48);
  assert.equal(contiguousPagesOf([9, 9]), 0);
});

test("the farm fragmentation rate is the share of all pages that is not contiguous and free", () => {
  assert.equal(farmFragmentationRate(512, 2048), 0.75);
  assert.equal(farmFragmentationRate(0, 0), 0);
});

test("blocks add up order by order, so that an index over zones is a ratio of sums", () => {
  const sum: number[] = [];
  addFreeBlocks(sum, [1, 0, 1]);
  addFreeBlocks(sum, [1, 2, 0, 1]);
  assert.deepEqual(sum, [2, 2, 1, 1]);
  assert.equal(unusableFreeSpaceIndex(sum, 2), 6 / 18);
});
