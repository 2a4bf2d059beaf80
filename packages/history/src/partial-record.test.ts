import assert from "node:assert/strict";
import { test } from "node:test";
import {
  create,
  fromBinary,
  type PartialWindow,
  PartialWindowSchema,
  Signal,
  ViewRecordSchema,
} from "@farmscope/proto";
import { encodePartial } from "./partial-record.ts";

const NODE = {
  node: "a",
  zones: [{ name: "Normal", freeBlocks: [1, 2, 3], buddyinfo: [1, 2, 3], unusableIndex: [0, 0.25, 0.5] }],
  distributions: [{ signal: Signal.GC_PAUSE, distribution: { slots: new Uint8Array(40) } }],
};

function decoded(bytes: Uint8Array): PartialWindow {
  const { body } = fromBinary(ViewRecordSchema, bytes);
  assert.equal(body.case, "partial");
  return body.value as PartialWindow;
}

test("a partial that fits is recorded whole, and one byte less leaves out what can be computed", () => {
  const partial = create(PartialWindowSchema, { nodes: [NODE] });
  const whole = encodePartial("id", partial, 2 ** 20);
  assert.deepEqual(decoded(encodePartial("id", partial, whole.length)), partial);
  const [node] = decoded(encodePartial("id", partial, whole.length - 1)).nodes;
  assert.deepEqual([node!.zones[0]!.unusableIndex, node!.zones[0]!.freeBlocks], [[], [1, 2, 3]]);
  assert.equal(node!.distributions.length, 1);
});

test("where that is not enough, nodes keep their memory and lose their distributions", () => {
  const [node] = decoded(encodePartial("id", create(PartialWindowSchema, { nodes: [NODE] }), 50)).nodes;
  assert.deepEqual([node!.distributions.length, node!.zones[0]!.freeBlocks], [0, [1, 2, 3]]);
});
