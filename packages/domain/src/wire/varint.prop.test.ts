import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readsOrRefuses } from "./fixtures/hostile-bytes.ts";
import { VarintReader, VarintWriter } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1));
const uint53 = fc.oneof(uint32, fc.maxSafeNat(), fc.constantFrom(2 ** 32, 2 ** 53 - 1));
const int53 = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }),
  fc.constantFrom(-(2 ** 31), -(2 ** 31) - 1, 2 ** 31, -(2 ** 52) + 1, 2 ** 52 - 1),
);

test("every number is read back as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(uint32, uint53, int53)), (rows) => {
      const writer = new VarintWriter(1);
      for (const [small, large, signed] of rows) {
        writer.varint32(small);
        writer.varint53(large);
        writer.zigzag53(signed);
      }
      const reader = new VarintReader(writer.finish());
      for (const row of rows) assert.deepEqual([reader.varint32(), reader.varint53(), reader.zigzag53()], row);
      reader.expectEnd();
    }),
  );
});

test("a column of numbers is read as one number after the other would be", () => {
  fc.assert(
    fc.property(fc.array(int53), (column) => {
      const writer = new VarintWriter();
      for (const value of column) writer.zigzag53(value);
      const reader = new VarintReader(writer.finish());
      const read = new Float64Array(column.length);
      reader.zigzags(column.length, read);
      assert.deepEqual(
        [...read],
        column.map((value) => value + 0),
      );
      reader.expectEnd();
    }),
  );
});

test("any bytes are read within their bounds or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat({ max: 50 }), (bytes, count) => {
      const fast = new VarintReader(bytes);
      const slow = new VarintReader(bytes);
      const column = new Float64Array(count);
      const expected: number[] = [];
      const slowWorks = readsOrRefuses(() => {
        for (let index = 0; index < count; index++) expected.push(slow.zigzag53());
      });
      assert.equal(
        readsOrRefuses(() => fast.zigzags(count, column)),
        slowWorks,
      );
      assert.ok(fast.at <= bytes.length);
      if (slowWorks) assert.deepEqual([[...column], fast.at], [expected, slow.at]);
    }),
    { numRuns: 1000 },
  );
});

test("a number of more than 53 bits is refused, and so is one of more than 32 where 32 are meant", () => {
  const refused = (read: (reader: VarintReader) => void, ...bytes: number[]): void =>
    assert.throws(() => read(new VarintReader(Uint8Array.from(bytes))), WireFormatError);
  refused((reader) => reader.varint53(), 255, 255, 255, 255, 255, 255, 255, 16);
  refused((reader) => reader.varint53(), 128, 128, 128, 128, 128, 128, 128, 128, 0);
  refused((reader) => reader.varint32(), 128, 128, 128, 128, 16);
  refused((reader) => reader.varint32(), 128);
  refused((reader) => reader.varint32());
});
