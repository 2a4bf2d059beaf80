import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBytes, parseDurationMs, parseDurationUs, parseQuantity } from "./quantity.ts";

test("Durations have a unit, or several, and are whole to the microsecond", () => {
  assert.deepEqual(
    ["5ms", "250us", "1m", "1m30s", "1.5h", "2d", "500ns"].map(parseDurationUs),
    [5000, 250, 60e6, 90e6, 5400e6, 172_800e6, 0.5],
  );
  assert.deepEqual(["5", "", "ms", "5 ms", "-1s", "1.s", "5mS"].map(parseDurationUs), Array(7).fill(null));
});

test("Durations that pace windows are whole milliseconds", () => {
  assert.deepEqual(["30s", "1m30s", "1us"].map(parseDurationMs), [30_000, 90_000, null]);
});

test("Sizes have a binary or a decimal unit and may be negative", () => {
  assert.deepEqual(["100MiB", "1kB", "-2GiB", "0.5KiB"].map(parseBytes), [104_857_600, 1000, -(2 ** 31), 512]);
  assert.deepEqual(["100", "MiB", "1 MiB", "1mib"].map(parseBytes), Array(4).fill(null));
});

test("A threshold must be written in the unit of its signal", () => {
  assert.equal(parseQuantity(0.6, "ratio"), 0.6);
  assert.equal(parseQuantity("5ms", "microseconds"), 5000);
  assert.equal(parseQuantity("1KiB", "bytes"), 1024);
  assert.deepEqual(
    [parseQuantity("0.6", "ratio"), parseQuantity(5, "microseconds"), parseQuantity("5ms", "bytes")],
    [null, null, null],
  );
});
