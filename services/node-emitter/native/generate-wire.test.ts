import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PageEventKind, SLOTS } from "@farmscope/domain";
import { GcRuntime } from "@farmscope/proto";
import { HISTOGRAM_COLUMNS } from "../src/source/bpf/native.ts";
import { WIRE_GC_RUNTIME, WIRE_PAGE_KIND, WIRE_SLOTS } from "../src/source/wire.gen.ts";
import { GENERATED, generateFromHeader, generateWire } from "./generate-wire.ts";

test("wire.gen.ts is what the header generates", () => {
  assert.equal(readFileSync(GENERATED, "utf8"), generateFromHeader());
});

test("offsets, numbers and enums are read from a header", () => {
  const header = `
#define WIRE_LEN 16 /* why */
enum wire_colour {
	WIRE_RED = 0,
	WIRE_GREEN = 7,
};
struct wire_thing {
	wire_u64 time_ns; /* when */
	wire_u8 small_one;
	wire_u8 reserved[3];
	char name[WIRE_LEN];
};
_Static_assert(sizeof(struct wire_thing) == 28, "28");
_Static_assert(offsetof(struct wire_thing, small_one) == 8, "8");
_Static_assert(offsetof(struct wire_thing, name) == 12, "12");
`;
  const generated = generateWire(header);
  assert.match(generated, /^export const WIRE_LEN = 16;$/m);
  assert.match(generated, /export const WIRE_COLOUR = \{\n {2}RED: 0,\n {2}GREEN: 7,\n\} as const;/);
  assert.match(
    generated,
    /export const WIRE_THING = \{\n {2}size: 28,\n {2}timeNs: 0,\n {2}smallOne: 8,\n {2}name: 12,\n\} as const;/,
  );
});

test("a field whose offset nobody asserts is refused", () => {
  const header =
    'struct wire_thing {\n\twire_u64 a;\n\twire_u64 b;\n};\n_Static_assert(sizeof(struct wire_thing) == 16, "");';
  assert.throws(() => generateWire(header), /no offset of wire_thing.b/);
});

test("the header and the domain number the same things alike", () => {
  assert.deepEqual(Object.values(WIRE_PAGE_KIND), Object.values(PageEventKind));
  assert.equal(WIRE_GC_RUNTIME.GC_V8, GcRuntime.V8);
  assert.equal(WIRE_GC_RUNTIME.GC_GO, GcRuntime.GO);
  assert.equal(WIRE_SLOTS, SLOTS);
  assert.equal(HISTOGRAM_COLUMNS, 2 + SLOTS);
});
