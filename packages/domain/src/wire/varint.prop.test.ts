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

test("any bytes are read within their bounds or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat({ max: 50 }), (bytes, count) => {
      const reader = new VarintReader(bytes);
      readsOrRefuses(() => {
        for (let index = 0; index < count; index++) reader.zigzag53();
      });
      assert.ok(reader.at <= bytes.length);
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
