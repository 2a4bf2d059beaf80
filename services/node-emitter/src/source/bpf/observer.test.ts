import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { decodeObservationRuns, OBSERVATION_CHUNK_FRAMES_MAX, ObservationClass } from "@farmscope/domain";
import { type Observation, ObservationReason } from "@farmscope/proto";
import { WINDOW_FRAMES } from "./frame-windows.ts";
import type { FrameRange } from "./memory-layout.ts";
import { Observer } from "./observer.ts";

describe("Observer", () => {
  const MINUTE_MS = 60_000;
  let parts: Observation[];
  let drains: number;
  let nowNs: number;
  let readNs: number;
  let readable: FrameRange[];
  let hiddenFirst: number;
  let observer: Observer;

  beforeEach(() => {
    parts = [];
    drains = 0;
    nowNs = 64_000_000;
    readNs = 900_000;
    hiddenFirst = -1;
    readable = [{ first: 0, end: 5 * WINDOW_FRAMES }];
    observer = new Observer({
      frames: {
        readFrames(first, classes, times) {
          classes.fill(ObservationClass.Buddy);
          if (first === hiddenFirst) classes.fill(ObservationClass.NoFlags, 512, 1024);
          times[0] = nowNs;
          nowNs += readNs;
          times[1] = nowNs;
          return null;
        },
      },
      drain: () => void drains++,
      give: (part) => void parts.push(part),
      hugeFrames: 512,
      readable: () => readable,
    });
  });

  /** Steps every 10 ms until nothing runs. @returns when that was. */
  function finish(fromMs: number): number {
    let nowMs = fromMs;
    do {
      nowMs += 10;
      observer.step(nowMs);
    } while (observer.busy);
    return nowMs;
  }

  test("an observation begins empty, waits for its margin, and covers all memory once", () => {
    observer.requestFull(ObservationReason.START);
    observer.step(1000);
    assert.deepEqual([parts.length, parts[0].begin, parts[0].end, parts[0].chunks.length], [1, true, false, 0]);
    observer.step(1009);
    assert.equal(parts.length, 1);
    finish(1009);
    const chunks = parts.flatMap((part) => part.chunks);
    assert.deepEqual(
      chunks.map((chunk) => [chunk.firstPfn, chunk.count]),
      [0, 1, 2, 3, 4].map((window) => [window * WINDOW_FRAMES, WINDOW_FRAMES]),
    );
    assert.deepEqual(
      parts.map(({ id, begin, end, reason }) => [id, begin, end, reason]),
      [
        [1, true, false, ObservationReason.START],
        [1, false, false, ObservationReason.START],
        [1, false, true, ObservationReason.START],
      ],
    );
  });

  test("a poll stops reading after two milliseconds", () => {
    observer.requestFull(ObservationReason.START);
    finish(0);
    assert.deepEqual(
      parts.map((part) => part.chunks.length),
      [0, 3, 2],
    );
  });

  test("page events are poured out ahead of each reading, and the reading carries its times and classes", () => {
    observer.requestFull(ObservationReason.START);
    finish(0);
    assert.equal(drains, 5);
    const [chunk] = parts[1].chunks;
    assert.equal(chunk.tick, 1_000_000n);
    assert.equal(chunk.endTick, BigInt(Math.ceil((64_000_000 + readNs) / 64)));
    assert.ok(WINDOW_FRAMES <= OBSERVATION_CHUNK_FRAMES_MAX);
    const classes = new Uint8Array(chunk.count);
    decodeObservationRuns(chunk.runs, chunk.count, classes);
    assert.ok(classes.every((frame) => frame === ObservationClass.Buddy));
  });

  test("requests after losses wait until the last observation is five minutes old; requests by name do not", () => {
    observer.requestFull(ObservationReason.START);
    const endMs = finish(0);
    observer.requestFull(ObservationReason.LOSS);
    observer.step(endMs + MINUTE_MS);
    assert.equal(observer.busy, false);
    observer.requestFull(ObservationReason.REQUESTED);
    observer.step(endMs + MINUTE_MS + 10);
    assert.equal(observer.busy, true);
    finish(endMs + MINUTE_MS + 10);
    assert.equal(parts.at(-1)?.reason, ObservationReason.REQUESTED);
    observer.requestFull(ObservationReason.LOSS);
    observer.step(endMs + 7 * MINUTE_MS);
    assert.equal(parts.at(-1)?.reason, ObservationReason.LOSS);
  });

  test("without any request a full observation comes every thirty minutes", () => {
    observer.requestFull(ObservationReason.START);
    finish(0);
    observer.step(29 * MINUTE_MS);
    assert.equal(observer.busy, false);
    observer.step(31 * MINUTE_MS);
    assert.equal(parts.at(-1)?.reason, ObservationReason.PERIODIC);
  });

  test("memory that has grown is observed by itself, and not again when a full observation follows", () => {
    observer.requestFull(ObservationReason.START);
    finish(0);
    parts.length = 0;
    readable = [{ first: 0, end: 7 * WINDOW_FRAMES }];
    observer.requestRange(ObservationReason.ZONE_GROWTH, { first: 5 * WINDOW_FRAMES, end: 7 * WINDOW_FRAMES });
    const endMs = finish(1000);
    assert.deepEqual(
      parts.flatMap((part) => part.chunks).map((chunk) => chunk.firstPfn / WINDOW_FRAMES),
      [5, 6],
    );
    observer.requestRange(ObservationReason.ZONE_GROWTH, { first: 6 * WINDOW_FRAMES, end: 7 * WINDOW_FRAMES });
    observer.requestFull(ObservationReason.REQUESTED);
    parts.length = 0;
    finish(finish(endMs));
    assert.equal(parts.flatMap((part) => part.chunks).length, 7);
  });

  test("a huge block without flags may be hidden by free page reporting: it is read again after three seconds", () => {
    hiddenFirst = 2 * WINDOW_FRAMES;
    observer.requestFull(ObservationReason.START);
    const endMs = finish(0);
    hiddenFirst = -1;
    parts.length = 0;
    observer.step(endMs + 2_900);
    assert.equal(parts.length, 0);
    observer.step(endMs + 3_000);
    finish(endMs + 3_100);
    assert.equal(parts[0].reason, ObservationReason.REPORTED);
    assert.deepEqual(
      parts.flatMap(({ chunks }) => chunks).map(({ firstPfn, count }) => [firstPfn, count]),
      [[2 * WINDOW_FRAMES, 1024]],
    );
    parts.length = 0;
    finish(endMs + 10_000);
    assert.equal(parts.length, 0);
  });

  test("targets are read together, by blocks of their own size", () => {
    observer.requestFull(ObservationReason.START);
    const endMs = finish(0);
    parts.length = 0;
    const { COMPACTION } = ObservationReason;
    observer.requestTarget(COMPACTION, { first: 1030, end: 1040 }, endMs);
    observer.requestTarget(COMPACTION, { first: 5000, end: 5001 }, endMs);
    finish(endMs + 100);
    assert.deepEqual(
      parts.flatMap(({ chunks }) => chunks).map(({ firstPfn, count }) => [firstPfn, count]),
      [
        [1024, 1024],
        [4096, 1024],
      ],
    );
  });
});
