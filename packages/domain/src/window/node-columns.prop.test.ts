import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, NodeColumnsSchema, NodeWindowSchema, Signal } from "@farmscope/proto";
import fc from "fast-check";
import { Distribution } from "../distribution/distribution.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { packNodes, unpackNodes } from "./node-columns.ts";
import { NAMED_QUANTILES_MAX, quantileOf, SETTLED_QUANTILES, summaryOf, windowQuantiles } from "./node-summary.ts";

const distribution = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 50 }).map((values) => {
  const distribution = new Distribution();
  for (const us of values) distribution.recordExactUs(us);
  return distribution;
});

const kernelDistribution = fc.array(fc.nat(199), { maxLength: 50 }).map((slots) => {
  const distribution = new Distribution();
  const sorted = [...slots].sort((a, b) => a - b);
  for (const slot of sorted) distribution.recordPairs({ slots: [slot], counts: [3] }, 1_000 * slot);
  return distribution;
});

const blocks = fc.array(fc.nat(100_000), { maxLength: 11 });
const window = fc
  .record({
    node: fc.string({ maxLength: 20 }),
    farm: fc.constantFrom("a", "b", "ä/c"),
    online: fc.boolean(),
    observed: fc.boolean(),
    left: fc.boolean(),
    coverage: fc.nat(1_000_000).map((millionths) => millionths / 1_000_000),
    hugeOrder: fc.nat(11),
    skewMs: fc.integer({ min: -1e9, max: 1e9 }),
    zones: fc.array(fc.record({ freeBlocks: blocks, freePages: fc.nat(1e9), managed: fc.nat(1e9) }), { maxLength: 3 }),
    runq: kernelDistribution,
    gc: distribution,
  })
  .map(({ runq, gc, ...rest }) =>
    create(NodeWindowSchema, {
      ...rest,
      redis: rest.online ? [{ addr: "127.0.0.1:6379", role: "master", memFragmentationRatio: 1.5 }] : [],
      distributions: [
        { signal: Signal.RUNQ_DELAY, distribution: runq.toProto() },
        { signal: Signal.GC_PAUSE, distribution: gc.toProto() },
      ],
    }),
  );

describe("the columns of a wide window", () => {
  it("say of each node what its window says, to the nanosecond", () => {
    fc.assert(
      fc.property(
        fc.array(window, { maxLength: 6 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (nodes, named) => {
          const quantiles = windowQuantiles(named);
          const expected = nodes.map((node) => summaryOf(node, quantiles));
          const found = unpackNodes(packNodes(expected, quantiles));
          assert.deepEqual(found.quantiles, quantiles);
          assert.equal(found.nodes.length, expected.length);
          for (const [at, node] of expected.entries()) {
            const { signals, ...rest } = found.nodes[at]!;
            const { signals: expectedSignals, ...expectedRest } = node;
            assert.deepEqual(rest, expectedRest);
            for (const [index, signal] of expectedSignals.entries()) {
              const unpacked = signals[index]!;
              assert.deepEqual([unpacked.signal, unpacked.count], [signal.signal, signal.count]);
              const near = (a: number, b: number) => assert.ok(a === b || Math.abs(a - b) <= 0.0005001, `${a} ${b}`);
              near(unpacked.sumUs, signal.sumUs);
              near(unpacked.maxUs, signal.maxUs);
              assert.equal(unpacked.quantiles.length, signal.quantiles.length);
              for (const [q, quantile] of signal.quantiles.entries()) {
                const other = unpacked.quantiles[q]!;
                near(other.value, quantile.value);
                assert.deepEqual([other.lower, other.upper], [quantile.lower, quantile.upper]);
              }
            }
          }
        },
      ),
    );
  });

  it("refuse bytes that are cut short or go on", () => {
    const nodes = fc.sample(window, { numRuns: 4, seed: 7 }).map((node) => summaryOf(node, SETTLED_QUANTILES));
    const columns = packNodes(nodes, SETTLED_QUANTILES);
    for (let length = 0; length < columns.packed.length; length++) {
      const cut = create(NodeColumnsSchema, { ...columns, packed: columns.packed.slice(0, length) });
      assert.throws(() => unpackNodes(cut), WireFormatError);
    }
    const longer = create(NodeColumnsSchema, { ...columns, packed: Uint8Array.of(...columns.packed, 0) });
    assert.throws(() => unpackNodes(longer), WireFormatError);
  });
});

describe("the quantiles of a wide window", () => {
  it("are the settled ones and those that rules name, each once, rising, and bounded", () => {
    assert.deepEqual(windowQuantiles([]), SETTLED_QUANTILES);
    assert.deepEqual(windowQuantiles([0.99, 0.75, 0.75, 2, -1, Number.NaN]), [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]);
    const many = Array.from({ length: NAMED_QUANTILES_MAX + 1 }, (_, at) => 0.1 + at / 1000);
    assert.equal(
      windowQuantiles(many.slice(0, NAMED_QUANTILES_MAX)).length,
      SETTLED_QUANTILES.length + NAMED_QUANTILES_MAX,
    );
    assert.equal(windowQuantiles(many).length, SETTLED_QUANTILES.length + NAMED_QUANTILES_MAX);
  });

  it("are found by their number", () => {
    const values = new Distribution();
    for (let us = 1; us <= 100; us++) values.recordExactUs(us);
    const node = create(NodeWindowSchema, {
      distributions: [{ signal: Signal.GC_PAUSE, distribution: values.toProto() }],
    });
    const [signal] = summaryOf(node, SETTLED_QUANTILES).signals;
    assert.equal(quantileOf(signal!, SETTLED_QUANTILES, 0.9)?.lower, 90);
    assert.equal(quantileOf(signal!, SETTLED_QUANTILES, 0.91), null);
  });
});
