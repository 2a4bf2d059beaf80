import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { encodeObservationRuns, encodePageColumns, PageColumns, PageEventKind, VarintWriter } from "@farmscope/domain";
import { type Batch, BatchSchema, create, PageMapViewSchema } from "@farmscope/proto";
import type { KernelReading } from "./kernel-reading.ts";
import { MARGIN_TICKS, Moment } from "./moment.ts";
import { FrameState } from "./node-batches.ts";
import { judgeFrames } from "./verdict.ts";

const FRAMES = 64;
/** When the one chunk was read, in ticks. */
const START = 1_000_000;
const END = START + 1_000;

type Row = readonly [tick: number, kind: number, pfn: number, order: number];

function batch(rows: readonly Row[]): Batch {
  const columns = new PageColumns(rows.length);
  rows.forEach(([tick, kind, pfn, order], row) => {
    columns.tick[row] = tick;
    columns.kind[row] = kind;
    columns.pfn[row] = pfn;
    columns.order[row] = order;
  });
  columns.length = rows.length;
  const pages = { count: rows.length, codec: 1, columns: encodePageColumns(columns, 0) };
  return create(BatchSchema, { clock: { baseTick: 0n }, pages });
}

/** Every frame allocated in the map; `free` are free in the kernel. */
function moment(free: readonly number[] = []): { moment: Moment; reading: KernelReading } {
  const runs = new VarintWriter();
  runs.varint32((FrameState.Allocated << 1) | 1);
  runs.varint32(FRAMES - 2);
  const facts = { pcpOrderMask: 0b1111 };
  const view = create(PageMapViewSchema, { frames: FRAMES, runsZstd: zstdCompressSync(runs.finish()), facts });
  const reading: KernelReading = {
    frames: FRAMES,
    free: new Uint8Array(FRAMES),
    managed: new Uint8Array(FRAMES).fill(1),
    startNs: Float64Array.of(START * 64),
    endNs: Float64Array.of(END * 64),
  };
  for (const pfn of free) reading.free[pfn] = 1;
  return { moment: new Moment(view, reading), reading };
}

const apply = (target: Moment, rows: readonly Row[]): void => target.apply(batch(rows), () => undefined);

test("events ahead of the reading move the map on; those well behind it do not", () => {
  const { moment: now, reading } = moment([4]);
  apply(now, [
    [1000, PageEventKind.Free, 4, 0],
    [2000, PageEventKind.Drain, 4, 0],
    [END + MARGIN_TICKS + 1, PageEventKind.Drain, 5, 0],
  ]);
  const { wrong, ambiguous, touched, frames } = judgeFrames(reading, now);
  assert.deepEqual([wrong, ambiguous, touched, frames], [0, 0, 1, FRAMES]);
});

test("a frame that came free near to its reading is ambiguous; one that only changed hands is judged", () => {
  const { moment: now, reading } = moment([]);
  apply(now, [
    [START - 10, PageEventKind.Drain, 4, 0],
    [START + 10, PageEventKind.Free, 8, 0],
  ]);
  const { wrong, ambiguous, frames } = judgeFrames(reading, now);
  assert.deepEqual([wrong, ambiguous, frames], [0, 1, FRAMES - 1]);
});

test("a map that holds a frame free which the kernel uses is wrong, touched or not", () => {
  const { moment: now, reading } = moment([9]);
  apply(now, [[1000, PageEventKind.Drain, 4, 1]]);
  const verdict = judgeFrames(reading, now);
  assert.deepEqual(verdict.wrongFrames, [4, 5, 9]);
  assert.deepEqual([verdict.touched, verdict.touchedWrong], [2, 2]);
});

test("a targeted reading corrects the frames that no event touched since", () => {
  const { moment: now, reading } = moment([4, 5]);
  const runs = encodeObservationRuns(new Uint8Array(FRAMES).map((_, pfn) => (pfn === 4 || pfn === 5 ? 1 : 0)));
  const tick = BigInt(START / 2);
  const observed = batch([[START / 2 + 5, PageEventKind.Alloc, 5, 0]]);
  observed.observation = create(BatchSchema, {
    observation: { id: 1, chunks: [{ firstPfn: 0, count: FRAMES, tick, endTick: tick + 1n, runs }] },
  }).observation;
  now.apply(observed, () => undefined);
  assert.deepEqual(judgeFrames(reading, now).wrongFrames, [5]);
});
