import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { partitionOf } from "@farmscope/domain";
import { commitNode, FARM, fill, installation, PARTITIONS, START_MS, UNUSABLE_INDEX } from "../fixtures.ts";
import * as schemas from "../schemas/index.ts";
import { ask } from "./ask-fixture.ts";

const period = `from=${START_MS}&to=${START_MS + 30_000}`;

describe("farms", () => {
  it("lists every farm with its headline and quantiles", async () => {
    const there = installation();
    await fill(there.store);
    const { farms, coverage, at } = await ask<schemas.FarmsAnswer>(there, "/api/v1/farms", schemas.FarmsAnswer);
    assert.equal(farms.length, 1);
    assert.equal(coverage, 0.8);
    assert.equal(at, new Date(START_MS + 30_000).toISOString());
    const [farm] = farms;
    assert.equal(farm?.farm, FARM);
    assert.equal(farm?.unusableIndex, UNUSABLE_INDEX);
    assert.equal(farm?.worstNode, "a");
    const [p50, , p99] = farm?.latency.find((each) => each.signal === "runq_delay")?.quantiles ?? [];
    assert.ok(p50!.valueUs! >= 5 && p50!.valueUs! < 6);
    assert.ok(p99!.valueUs! >= 100 && p99!.valueUs! < 101);
    assert.deepEqual(farm?.latency.find((each) => each.signal === "gc_pause")?.quantiles[0], {
      quantile: 0.5,
      valueUs: null,
      lowerUs: null,
      upperUs: null,
    });
  });

  it("answers with no farms before there are any", async () => {
    const there = installation();
    const { farms, coverage } = await ask<schemas.FarmsAnswer>(there, "/api/v1/farms", schemas.FarmsAnswer);
    assert.deepEqual([farms, coverage], [[], 1]);
  });

  it("shows one farm with its nodes and orders", async () => {
    const there = installation();
    await fill(there.store);
    const farm = await ask<schemas.FarmAnswer>(there, `/api/v1/farms/${FARM}`, schemas.FarmAnswer);
    assert.deepEqual(
      farm.nodes.map((node) => node.node),
      ["a", "b"],
    );
    assert.deepEqual(farm.orders[0], {
      order: 9,
      freeBlocks: 2,
      usablePages: 1024,
      unusableIndex: UNUSABLE_INDEX,
      worstNode: "a",
      worstUnusableIndex: UNUSABLE_INDEX,
    });
  });

  it("gives fragmentation over time at the huge-page order, one point a step", async () => {
    const there = installation();
    await fill(there.store);
    const url = `/api/v1/farms/${FARM}/fragmentation?${period}`;
    const answer = await ask<schemas.FarmFragmentationAnswer>(there, url, schemas.FarmFragmentationAnswer);
    assert.equal(answer.order, 9);
    assert.deepEqual(
      answer.points.map((point) => point.startMs - START_MS),
      [0, 10_000, 20_000],
    );
    assert.equal(answer.points[0]?.usablePages, 1024);
    assert.ok(Math.abs(answer.coverage - 0.8) < 1e-9);
    const coarse = await ask<schemas.FarmFragmentationAnswer>(there, `${url}&step=1m`, schemas.FarmFragmentationAnswer);
    assert.equal(coarse.stepMs, 60_000);
    assert.ok(coarse.points.length <= 2);
  });

  it("sums one zone over the farm's nodes", async () => {
    const there = installation();
    await fill(there.store);
    const url = `/api/v1/farms/${FARM}/fragmentation?${period}&zone=Normal&order=9`;
    const answer = await ask<schemas.FarmFragmentationAnswer>(there, url, schemas.FarmFragmentationAnswer);
    assert.equal(answer.zone, "Normal");
    assert.equal(answer.points.length, 3);
    assert.equal(answer.points[0]?.freePages, 1026);
    assert.equal(answer.points[0]?.freeBlocks, 2);
    assert.ok(Math.abs(answer.points[0]!.unusableIndex - UNUSABLE_INDEX) < 1e-12);
    const none = await ask<schemas.FarmFragmentationAnswer>(
      there,
      `/api/v1/farms/${FARM}/fragmentation?${period}&zone=DMA32`,
      schemas.FarmFragmentationAnswer,
    );
    assert.equal(none.points[0]?.freePages, 0);
  });

  it("adds the distributions of a step exactly", async () => {
    const there = installation();
    await fill(there.store);
    const url = `/api/v1/farms/${FARM}/latency?${period}&quantiles=0.5,0.9,1&signal=runq_delay`;
    const answer = await ask<schemas.FarmLatencyAnswer>(there, url, schemas.FarmLatencyAnswer);
    assert.deepEqual(
      answer.points.map((point) => point.count),
      [100, 100, 100],
    );
    assert.equal(answer.total.count, 300);
    assert.deepEqual(
      answer.total.quantiles.map((each) => each.quantile),
      [0.5, 0.9, 1],
    );
    for (const { valueUs, lowerUs, upperUs } of answer.total.quantiles) {
      assert.ok(lowerUs! <= valueUs! && valueUs! <= upperUs!);
    }
    assert.ok(answer.total.quantiles[1]!.valueUs! < 6 && answer.total.quantiles[2]!.valueUs! >= 100);
  });
});

describe("nodes", () => {
  it("lists nodes by id in pages that fit together", async () => {
    const there = installation();
    await fill(there.store);
    const first = await ask<schemas.NodesAnswer>(there, "/api/v1/nodes?limit=1", schemas.NodesAnswer);
    assert.deepEqual([first.total, first.nodes[0]?.node, first.next], [2, "a", "a"]);
    const second = await ask<schemas.NodesAnswer>(there, "/api/v1/nodes?limit=1&after=a", schemas.NodesAnswer);
    assert.deepEqual([second.nodes[0]?.node, second.next], ["b", null]);
    const other = await ask<schemas.NodesAnswer>(there, "/api/v1/nodes?farm=other", schemas.NodesAnswer);
    assert.deepEqual([other.total, other.nodes], [0, []]);
    assert.equal(first.nodes[0]?.rightRatio, 0.999);
    assert.equal(first.nodes[0]?.label, "edge-1");
  });

  it("shows one node at its position", async () => {
    const there = installation();
    await fill(there.store);
    const node = await ask<schemas.NodeAnswer>(there, "/api/v1/nodes/a", schemas.NodeAnswer);
    assert.deepEqual([node.position, node.partition, node.coverage], [7, partitionOf("a", PARTITIONS), 0.97]);
    assert.equal(node.unusableIndex, UNUSABLE_INDEX);
    assert.equal(node.agreement?.reason, "start");
    assert.deepEqual(node.balances.pages, { in: 110, folded: 100, dropped: 5, lost: 3, held: 2 });
    assert.deepEqual(node.facts?.absent, ["gc: no symbols"]);
    assert.equal(node.batches.gaps, 1);
  });

  it("shows free blocks with the kernel's own beside them", async () => {
    const there = installation();
    await fill(there.store);
    const answer = await ask<schemas.FreeBlocksAnswer>(there, "/api/v1/nodes/a/free-blocks", schemas.FreeBlocksAnswer);
    assert.deepEqual(answer.zones[0]?.orders[9], {
      order: 9,
      freeBlocks: 1,
      buddyinfo: 1,
      unusableIndex: UNUSABLE_INDEX,
    });
    assert.equal(answer.orders.length, 11);
  });

  it("gives a series for each order, or for the one asked for", async () => {
    const there = installation();
    await fill(there.store);
    const url = `/api/v1/nodes/a/fragmentation?${period}`;
    const all = await ask<schemas.NodeFragmentationAnswer>(there, url, schemas.NodeFragmentationAnswer);
    assert.deepEqual(
      all.series.map((series) => series.order),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(all.series[9]?.points.length, 3);
    const one = await ask<schemas.NodeFragmentationAnswer>(there, `${url}&order=huge`, schemas.NodeFragmentationAnswer);
    assert.deepEqual(
      one.series.map((series) => series.order),
      [9],
    );
  });

  it("gives latency over time", async () => {
    const there = installation();
    await fill(there.store);
    const url = `/api/v1/nodes/b/latency?${period}&step=10s`;
    const answer = await ask<schemas.NodeLatencyAnswer>(there, url, schemas.NodeLatencyAnswer);
    assert.equal(answer.points.length, 3);
    assert.deepEqual(
      answer.points[0]?.quantiles.map((each) => each.quantile),
      [0.5, 0.95, 0.99],
    );
  });

  it("sees a commit at the next request once it has been told of it", async () => {
    const there = installation();
    await fill(there.store);
    const stop = await there.api.followCommits();
    await ask(there, "/api/v1/nodes", schemas.NodesAnswer);

    await commitNode(there.store, "c", 1);
    await there.clock.advance(1_000);
    const { total } = await ask<schemas.NodesAnswer>(there, "/api/v1/nodes", schemas.NodesAnswer);
    assert.equal(total, 3);
    await stop();
  });
});
