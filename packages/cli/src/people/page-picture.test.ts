import assert from "node:assert/strict";
import { test } from "node:test";
import { cellsOf, characterOf } from "./page-picture.ts";

const STATES = ["unknown", "free", "allocated", "pcp"] as const;

test("cells hold each frame of the span once, by state", () => {
  const runs = { first: [0, 10, 16, 40], count: [10, 6, 24, 24], state: [2, 1, 2, 0], order: [0, 0, 0, 0] };
  const cells = cellsOf([{ runs, states: [...STATES] }], { first: 4, count: 60 }, 7);
  assert.equal(
    cells.reduce((sum, cell) => sum + cell.frames, 0),
    60,
  );
  assert.equal(
    cells.reduce((sum, cell) => sum + cell.free, 0),
    6,
  );
  assert.equal(
    cells.reduce((sum, cell) => sum + cell.unknown, 0),
    24,
  );
});

test("a character says full and empty only of cells that are, and nothing of holes", () => {
  assert.equal(characterOf({ frames: 100, free: 0, unknown: 0 }), "█");
  assert.equal(characterOf({ frames: 100, free: 1, unknown: 0 }), "▓");
  assert.equal(characterOf({ frames: 100, free: 99, unknown: 0 }), "░");
  assert.equal(characterOf({ frames: 100, free: 100, unknown: 0 }), " ");
  assert.equal(characterOf({ frames: 100, free: 0, unknown: 100 }), "·");
  assert.equal(characterOf({ frames: 100, free: 0, unknown: 50 }), "█");
});
