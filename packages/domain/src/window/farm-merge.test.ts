import assert from "node:assert/strict";
import { test } from "node:test";
import {
  create,
  type FarmWindow,
  type NodeWindow,
  NodeWindowSchema,
  PartialWindowSchema,
  Signal,
} from "@farmscope/proto";
import { balanceToProto } from "../balance.ts";
import { Distribution } from "../distribution/distribution.ts";
import { partitionOf } from "../partition.ts";
import { FarmMerge } from "./farm-merge.ts";
import { FARM_NODES_WITH_DISTRIBUTIONS_MAX, farmWindow } from "./farm-window.ts";

const T0 = 1_700_000_000_000;
const FARM = "farm";
const PARTITIONS = 2;

/** A node with free blocks of order 0 and of the huge-page order 2, and one pause of so many microseconds. */
function nodeWindow(node: string, smallBlocks: number, hugeBlocks: number, pauseUs = 100, farm = FARM): NodeWindow {
  const pause = new Distribution();
  pause.recordExactUs(pauseUs);
  const balance = balanceToProto({ in: 10, folded: 9, dropped: 0, lost: 1, held: 0 });
  return create(NodeWindowSchema, {
    node,
    farm,
    online: true,
    observed: true,
    coverage: 0.9,
    hugeOrder: 2,
    zones: [
      {
        name: "Normal",
        managed: 1000,
        freePages: smallBlocks + 4 * hugeBlocks,
        freeBlocks: [smallBlocks, 0, hugeBlocks],
      },
    ],
    distributions: [{ signal: Signal.GC_PAUSE, distribution: pause.toProto() }],
    pages: balance,
  });
}

class Timeline {
  readonly merge = new FarmMerge(partitionOf(FARM, PARTITIONS), PARTITIONS);

  /** At a second the partial of a partition is read, for the window that starts at `startS`. */
  partial(atS: number, partition: number, startS: number, nodes: NodeWindow[], revision = 0): FarmWindow[] {
    const startMs = BigInt(T0 + startS * 1000);
    const partial = create(PartialWindowSchema, { partition, widthMs: 10_000, startMs, revision, nodes });
    return this.merge.apply(partial, T0 + atS * 1000);
  }
}

function summary(records: readonly FarmWindow[]): string[] {
  return records.map((record) => {
    const startS = (Number(record.startMs) - T0) / 1000;
    return `${startS}s r${record.revision} nodes ${record.nodes.map(({ node }) => node).join("+")} missing ${record.partitionsMissing.join("+")}`;
  });
}

test("a window closes when every partition has spoken", () => {
  const timeline = new Timeline();
  assert.deepEqual(summary(timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0)])), []);
  assert.deepEqual(summary(timeline.partial(12.1, 1, 0, [nodeWindow("b", 1, 0)])), ["0s r0 nodes a+b missing "]);
});

test("a window closes without a partition fifteen seconds after the first one, with less coverage", () => {
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0)]);
  assert.deepEqual(summary(timeline.partial(22, 0, 10, [nodeWindow("a", 1, 0)])), []);
  const closed = timeline.partial(27, 0, 20, [nodeWindow("a", 1, 0)]);
  assert.deepEqual(summary(closed), ["0s r0 nodes a missing 1"]);
  assert.equal(closed[0]!.coverage, 0.45);
});

test("a partition that already wrote a later window is not waited for", () => {
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0)]);
  assert.deepEqual(summary(timeline.partial(22, 1, 10, [])), ["0s r0 nodes a missing 1"]);
});

test("a late partial amends the closed window, and a repeated one does nothing", () => {
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0)]);
  timeline.partial(22, 1, 10, []);
  assert.deepEqual(summary(timeline.partial(23, 1, 0, [nodeWindow("b", 1, 0)])), ["0s r1 nodes a+b missing "]);
  assert.deepEqual(summary(timeline.partial(24, 1, 0, [nodeWindow("b", 1, 0)])), []);
  assert.deepEqual(summary(timeline.partial(25, 0, 0, [nodeWindow("a", 9, 0)], 1)), ["0s r2 nodes a+b missing "]);
});

test("an amendment replaces the lines of its nodes only", () => {
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0), nodeWindow("c", 1, 0)]);
  timeline.partial(12, 1, 0, [nodeWindow("b", 1, 0)]);
  const [amended] = timeline.partial(14, 0, 0, [nodeWindow("a", 5, 0)], 1);
  assert.deepEqual(
    amended!.nodes.map(({ node, freePages }) => `${node} ${freePages}`),
    ["a 5", "b 1", "c 1"],
  );
});

test("farms of other merging partitions are left to their owners", () => {
  const other = ["x", "y", "z", "u", "v"].find(
    (name) => partitionOf(name, PARTITIONS) !== partitionOf(FARM, PARTITIONS),
  )!;
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0, 100, other)]);
  assert.deepEqual(summary(timeline.partial(12, 1, 0, [])), []);
});

test("a farm whose partition fell silent gets a record that covers nothing", () => {
  const timeline = new Timeline();
  timeline.partial(12, 0, 0, [nodeWindow("a", 1, 0)]);
  timeline.partial(12, 1, 0, []);
  timeline.partial(22, 1, 10, []);
  const closed = timeline.partial(37, 1, 20, []);
  assert.deepEqual(summary(closed), ["10s r0 nodes  missing 0"]);
  assert.equal(closed[0]!.coverage, 0);
});

test("a farm's figures are ratios of sums, with the worst node beside them", () => {
  const window = farmWindow({
    farm: FARM,
    startMs: T0,
    revision: 0,
    nodes: [nodeWindow("b", 30, 0, 300), nodeWindow("a", 10, 15, 100)],
    partitionsUsed: [0, 1],
    partitionsMissing: [],
  });
  const huge = window.orders[2]!;
  assert.equal(window.freePages, 100n);
  assert.deepEqual([huge.freeBlocks, huge.usablePages], [15n, 60n]);
  assert.equal(huge.unusableIndex, 0.4);
  assert.deepEqual([huge.worstNode, huge.worstUnusableIndex], ["b", 1]);
  assert.equal(Distribution.fromProto(window.distributions[0]!.distribution!).count, 2);
  assert.deepEqual([window.pages!.in, window.pages!.lost], [20n, 2n]);
  assert.equal(window.coverage, 0.9);
  assert.deepEqual(
    window.nodes.map(({ node, unusableIndexHuge }) => [node, unusableIndexHuge]),
    [
      ["a", 10 / 70],
      ["b", 1],
    ],
  );
});

test("nodes that are offline or unobserved count in no memory figure and lower the coverage", () => {
  const offline = { ...nodeWindow("a", 30, 0), online: false };
  const unobserved = { ...nodeWindow("b", 30, 0), observed: false };
  const window = farmWindow({
    farm: FARM,
    startMs: T0,
    revision: 0,
    nodes: [offline, unobserved, nodeWindow("c", 10, 0)],
    partitionsUsed: [0],
    partitionsMissing: [],
  });
  assert.deepEqual([window.freePages, window.nodesOnline, window.nodesKnown], [10n, 2, 3]);
  assert.ok(Math.abs(window.coverage - 0.3) < 1e-9);
});

test("beyond the limit nodes keep their line but not their distributions", () => {
  const nodes = Array.from({ length: FARM_NODES_WITH_DISTRIBUTIONS_MAX + 1 }, (_, at) => nodeWindow(`n${at}`, 1, 0));
  const input = { farm: FARM, startMs: T0, revision: 0, partitionsUsed: [0], partitionsMissing: [] };
  const at = farmWindow({ ...input, nodes: nodes.slice(1) });
  const past = farmWindow({ ...input, nodes });
  assert.equal(at.nodes[0]!.distributions.length, 1);
  assert.equal(past.nodes.length, nodes.length);
  assert.equal(past.nodes[0]!.distributions.length, 0);
});
