import assert from "node:assert/strict";
import { test } from "node:test";
import { markHoles, WINDOW_FRAMES, windowsOf } from "./frame-windows.ts";

const READABLE = [
  { first: 1, end: 159 },
  { first: 3 * WINDOW_FRAMES + 10, end: 5 * WINDOW_FRAMES + 7 },
];

test("windows are aligned, leave out what is no memory, and end where memory ends", () => {
  assert.deepEqual(windowsOf(READABLE, READABLE), [
    { first: 0, end: WINDOW_FRAMES },
    { first: 3 * WINDOW_FRAMES, end: 4 * WINDOW_FRAMES },
    { first: 4 * WINDOW_FRAMES, end: 5 * WINDOW_FRAMES },
    { first: 5 * WINDOW_FRAMES, end: 5 * WINDOW_FRAMES + 7 },
  ]);
});

test("a range is answered by the windows that it touches", () => {
  const range = { first: 4 * WINDOW_FRAMES - 1, end: 4 * WINDOW_FRAMES + 1 };
  assert.deepEqual(
    windowsOf([range], READABLE).map(({ first }) => first / WINDOW_FRAMES),
    [3, 4],
  );
  assert.deepEqual(windowsOf([{ first: WINDOW_FRAMES, end: 2 * WINDOW_FRAMES }], READABLE), []);
});

test("frames that cannot be read about are holes, the others are left as they are", () => {
  const classes = new Uint8Array(12).fill(2);
  markHoles(classes, 100, [
    { first: 0, end: 50 },
    { first: 90, end: 102 },
    { first: 104, end: 105 },
    { first: 110, end: 300 },
  ]);
  assert.deepEqual([...classes], [2, 2, 5, 5, 2, 5, 5, 5, 5, 5, 2, 2]);
});
