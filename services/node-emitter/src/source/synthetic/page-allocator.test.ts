import assert from "node:assert/strict";
import { test } from "node:test";
import { PageEventKind } from "@farmscope/domain";
import { MAX_BLOCK_FRAMES, MigrateType } from "./buddy.ts";
import { FrameTruth, HOLE_FRAMES, PageAllocator, RESERVED_FRAMES } from "./page-allocator.ts";

const { Alloc, Free, Drain, Refill, Extfrag } = PageEventKind;

function setUp(blocks = 8) {
  const events: { kind: number; frame: number; order: number }[] = [];
  const allocator = new PageAllocator(blocks * MAX_BLOCK_FRAMES, 1, (kind, frame, order) => {
    events.push({ kind, frame, order });
  });
  const take = (order: number, type: MigrateType = MigrateType.Movable) => allocator.allocate(order, type, 0, true);
  const freePages = () => allocator.buddy.freeBlocks.reduce((sum, count, order) => sum + count * 2 ** order, 0);
  return { allocator, events, take, freePages };
}

test("a page comes from the buddy allocator by way of a per-CPU list, a batch at a time", () => {
  const { events, take } = setUp();
  take(0);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    [...Array(63).fill(Refill), Alloc],
  );
  events.length = 0;
  take(0);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    [Alloc],
  );
});

test("a block too large for the per-CPU lists goes straight back to the buddy allocator", () => {
  const { allocator, events, take, freePages } = setUp();
  const before = freePages();
  const frame = take(5);
  assert.equal(freePages(), before - 32);
  allocator.free(frame, 5, MigrateType.Movable, 0);
  assert.equal(freePages(), before);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    [Refill, Alloc, Free],
  );
});

test("a full per-CPU list drains its oldest pages", () => {
  const { allocator, events, take } = setUp();
  const frames = Array.from({ length: 400 }, () => take(0));
  allocator.drainCpu(0);
  events.length = 0;
  for (const frame of frames.slice(0, 253)) allocator.free(frame, 0, MigrateType.Movable, 0);
  const drained = events.filter(({ kind }) => kind === Drain).map(({ frame }) => frame);
  assert.deepEqual(drained, frames.slice(0, 63));
});

test("memory given back in any order becomes the largest blocks again", () => {
  const { allocator, take } = setUp();
  const before = [...allocator.buddy.freeBlocks];
  const frames = Array.from({ length: 3000 }, () => take(0));
  for (const frame of frames.toSorted((a, b) => (a % 97) - (b % 97))) allocator.free(frame, 0, MigrateType.Movable, 0);
  allocator.drainCpu(0);
  assert.deepEqual([...allocator.buddy.freeBlocks], before);
});

test("another migrate type's page blocks are claimed first, its pieces stolen when there is no whole one", () => {
  const { events, take } = setUp();
  take(0, MigrateType.Unmovable);
  assert.deepEqual(new Set(events.map(({ kind }) => kind)), new Set([Refill, Extfrag, Alloc]));
  while (take(9) >= 0);
  while (take(4) >= 0);
  events.length = 0;
  for (let page = 0; page < 2000; page++) take(0, MigrateType.Reclaimable);
  assert.ok(events.length === 0 || events.some(({ kind }) => kind === Extfrag));
});

test("without memory an allocation says so and changes nothing", () => {
  const { allocator, take } = setUp();
  while (take(0) >= 0);
  const truth = allocator.truth.slice();
  assert.equal(take(0), -1);
  assert.equal(take(9), -1);
  assert.deepEqual(allocator.truth, truth);
  assert.equal(allocator.truth.includes(FrameTruth.Free), false);
});

test("the kernel's image is in use and the hole is a hole from the beginning", () => {
  const { allocator } = setUp();
  const count = (state: FrameTruth) => allocator.truth.filter((frame) => frame === state).length;
  assert.equal(count(FrameTruth.Allocated), RESERVED_FRAMES);
  assert.equal(count(FrameTruth.Hole), HOLE_FRAMES);
});
