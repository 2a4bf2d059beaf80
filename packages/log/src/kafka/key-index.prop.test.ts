import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyIndex } from "./key-index.ts";

const KEYS = ["a", "b", "c", "d"];
const LAST = 400;
/** Key at each position of a stream; index 0 is unused. */
const streams = fc.array(fc.constantFrom(...KEYS), { minLength: LAST + 1, maxLength: LAST + 1 });
/** Parts that are learned, in any order and with any overlap. */
const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: LAST }), fc.integer({ min: 0, max: 80 })), { maxLength: 30 });

function learned(
  stream: readonly string[],
  ranges: readonly (readonly [number, number])[],
  positionsMax: number,
): KeyIndex {
  const index = new KeyIndex(positionsMax);
  for (const [start, length] of ranges) {
    const end = Math.min(start + length, LAST + 1);
    const keys = stream.slice(start, end).map((key, offset) => ({ position: start + offset, key }));
    index.learn(start, end, keys);
  }
  return index;
}

test("Whatever is learned in whatever order, no place of a key is passed over, and the newest known one is told.", () => {
  const property = fc.property(streams, parts, fc.integer({ min: 1, max: 300 }), (stream, ranges, positionsMax) => {
    const index = learned(stream, ranges, positionsMax);
    for (const key of KEYS) {
      for (let position = 1; position <= LAST; position += 7) {
        const next = index.next(key, position);
        assert.ok(next >= position);
        assert.ok(!stream.slice(position, next).includes(key), `${key} stands before ${next}`);
        if (next > position && next < index.end) assert.equal(stream[next], key);
      }
      const known = stream.slice(0, index.end).lastIndexOf(key);
      assert.equal(index.last(key), known >= Math.max(1, index.start) ? known : null);
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test("Parts that join are known as one; the oldest is forgotten beyond the limit.", () => {
  const index = new KeyIndex(10_000);
  for (let start = 1; start < 30_000; start += 500) index.learn(start, start + 500, [{ position: start, key: "k" }]);
  assert.equal(index.end, 30_001);
  assert.ok(index.end - index.start <= 10_000 + 4_096 && index.start > 1);
  assert.equal(index.last("k"), 29_501);
  index.learn(index.start - 100, index.start, []);
  assert.ok(index.end - index.start <= 10_000 + 4_096, "what is older is not taken up when there is no room");
});

test("A stream that lost its tail takes what was known with it.", () => {
  const index = new KeyIndex();
  index.learn(1, 11, [{ position: 10, key: "k" }]);
  index.reconcile(10);
  assert.equal(index.last("k"), 10);
  index.reconcile(9);
  assert.equal(index.last("k"), null);
  assert.equal(index.next("k", 5), 5);
});
