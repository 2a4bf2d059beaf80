import assert from "node:assert/strict";
import { test } from "node:test";
import { packNodes, SETTLED_QUANTILES, summaryOf, unpackNodes } from "@farmscope/domain";
import {
  create,
  fromBinary,
  NodeWindowSchema,
  type PartialWindow,
  PartialWindowSchema,
  Signal,
  ViewRecordSchema,
} from "@farmscope/proto";
import { encodePartial, PARTIAL_BYTES_MAX } from "./partial-record.ts";

const nodeOf = (node: string) => ({
  node,
  zones: [{ name: "Normal", freeBlocks: [1, 2, 3], buddyinfo: [1, 2, 3], unusableIndex: [0, 0.25, 0.5] }],
  distributions: [{ signal: Signal.GC_PAUSE, distribution: { slots: new Uint8Array(400) } }],
  cgroups: [
    { signal: Signal.GC_PAUSE, cgroup: 7, path: "/system.slice", distribution: { slots: new Uint8Array(400) } },
  ],
});
const partialOf = (count: number) =>
  create(PartialWindowSchema, {
    partition: 3,
    widthMs: 10_000,
    startMs: 20_000n,
    revision: 1,
    nodes: Array.from({ length: count }, (_, at) => nodeOf(`n${at}`)),
  });

function decoded(payload: Uint8Array): PartialWindow {
  const { body } = fromBinary(ViewRecordSchema, payload);
  assert.equal(body.case, "partial");
  return body.value as PartialWindow;
}

test("a partial that fits is one record, whole; also an empty one", () => {
  for (const count of [0, 1, 100]) {
    const [record, ...others] = encodePartial(partialOf(count), 2 ** 20);
    assert.equal(others.length, 0);
    assert.equal(record!.id, "partial/3/10000/20000/1");
    assert.deepEqual(decoded(record!.payload), partialOf(count));
  }
});

test("a partial of very many nodes is written in parts that fit, and they have every node, whole, in order", () => {
  const partial = partialOf(2_000);
  for (const limit of [2 ** 20, 20_000]) {
    const records = encodePartial(partial, limit);
    assert.ok(records.length > 1);
    const parts = records.map(({ payload }) => decoded(payload));
    for (const { payload } of records) assert.ok(payload.length <= Math.min(limit, PARTIAL_BYTES_MAX));
    assert.deepEqual(
      parts.flatMap(({ nodes }) => nodes),
      partial.nodes,
    );
    assert.deepEqual(
      parts.map(({ part }) => part),
      records.map((_, at) => at),
    );
    assert.ok(parts.every(({ parts: count }) => count === records.length));
    assert.deepEqual(records.map(({ id }) => id).slice(0, 2), ["partial/3/10000/20000/1", "partial/3/10000/20000/1/1"]);
  }
});

test("a node that is larger than a record loses its cgroups first, then what can be computed, then its distributions", () => {
  const only = (limit: number) => {
    const records = encodePartial(partialOf(1), limit);
    assert.equal(records.length, 1);
    assert.ok(records[0]!.payload.length <= limit);
    return decoded(records[0]!.payload).nodes[0]!;
  };
  const shape = (limit: number) => {
    const node = only(limit);
    return [node.cgroups.length, node.zones[0]!.unusableIndex.length, node.distributions.length];
  };
  assert.deepEqual(shape(2_000), [1, 3, 1]);
  assert.deepEqual(shape(1_000), [0, 3, 1]);
  assert.deepEqual(shape(600), [0, 0, 0]);
});

test("columns of very many nodes are halved until they fit", () => {
  const nodes = Array.from({ length: 500 }, (_, at) =>
    summaryOf(create(NodeWindowSchema, { ...nodeOf(`n${at}`), distributions: [] }), SETTLED_QUANTILES),
  );
  const columns = packNodes(nodes, SETTLED_QUANTILES);
  const partial = create(PartialWindowSchema, { partition: 1, widthMs: 60_000, startMs: 60_000n, columns });
  assert.equal(encodePartial(partial, 2 ** 20).length, 1);
  const records = encodePartial(partial, 5_000);
  assert.ok(records.length > 1);
  const found = records.flatMap(({ payload }) => {
    assert.ok(payload.length <= 5_000);
    return unpackNodes(decoded(payload).columns!).nodes;
  });
  assert.deepEqual(found, nodes);
});
