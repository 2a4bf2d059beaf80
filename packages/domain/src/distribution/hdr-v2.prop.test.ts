import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { decodeFromCompressedBase64, encodeIntoCompressedBase64, Float64Histogram } from "hdr-histogram-js";
import { EXACT_US_MAX, exactIndexOf, exactLowerUs, exactUpperUs, SIGNIFICANT_DIGITS } from "./hdr-geometry.ts";
import { decodeHdrV2, encodeHdrV2 } from "./hdr-v2.ts";

const COMPRESSED_HEADER_BYTES = 8;
const COMPRESSED_COOKIE = 0x1c849304 | 0x10;
const recorded = fc.array(
  fc.tuple(fc.oneof(fc.nat(5_000), fc.nat(EXACT_US_MAX)), fc.integer({ min: 1, max: 2 ** 40 })),
);

function countersOf(values: readonly (readonly [number, number])[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [value, times] of values) {
    counts.set(exactIndexOf(value), (counts.get(exactIndexOf(value)) ?? 0) + times);
  }
  return counts;
}

function libraryHistogram(values: readonly (readonly [number, number])[]): Float64Histogram {
  const histogram = new Float64Histogram(1, EXACT_US_MAX, SIGNIFICANT_DIGITS);
  for (const [value, times] of values) histogram.recordValueWithCount(value, times);
  return histogram;
}

test("our bytes are those that hdr-histogram-js writes", () => {
  fc.assert(
    fc.property(
      recorded.filter((values) => values.length > 0),
      (values) => {
        const compressed = Buffer.from(encodeIntoCompressedBase64(libraryHistogram(values)), "base64");
        const length = compressed.readUInt32BE(4);
        const theirs = inflateSync(compressed.subarray(COMPRESSED_HEADER_BYTES, COMPRESSED_HEADER_BYTES + length));
        assert.equal(Buffer.from(encodeHdrV2(countersOf(values))).toString("hex"), theirs.toString("hex"));
      },
    ),
  );
});

test("hdr-histogram-js reads our bytes and gives the same percentiles", () => {
  fc.assert(
    fc.property(
      recorded.filter((values) => values.length > 0),
      (values) => {
        const body = deflateSync(encodeHdrV2(countersOf(values)));
        const header = Buffer.alloc(COMPRESSED_HEADER_BYTES);
        header.writeInt32BE(COMPRESSED_COOKIE, 0);
        header.writeInt32BE(body.length, 4);
        const theirs = decodeFromCompressedBase64(Buffer.concat([header, body]).toString("base64"), 64);
        const expected = libraryHistogram(values);
        for (const percentile of [1, 50, 99, 100]) {
          assert.equal(theirs.getValueAtPercentile(percentile), expected.getValueAtPercentile(percentile));
        }
      },
    ),
  );
});

test("counters survive the way there and back", () => {
  fc.assert(
    fc.property(recorded, (values) => {
      const counts = countersOf(values);
      assert.deepEqual(decodeHdrV2(encodeHdrV2(counts)), new Map([...counts].sort(([a], [b]) => a - b)));
    }),
  );
});

test("a counter holds its value and is no wider than a thousandth of it", () => {
  fc.assert(
    fc.property(fc.nat(EXACT_US_MAX), (value) => {
      const index = exactIndexOf(value);
      assert.ok(exactLowerUs(index) <= value && value < exactUpperUs(index));
      assert.ok(exactUpperUs(index) - exactLowerUs(index) <= Math.max(1, value / 1000));
    }),
  );
});

test("a value beyond the greatest counts as the greatest", () => {
  assert.equal(exactIndexOf(EXACT_US_MAX * 3), exactIndexOf(EXACT_US_MAX));
});
