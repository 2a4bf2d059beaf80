import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { decodeSlotPairs } from "@farmscope/domain";
import { type HistogramDelta, Signal } from "@farmscope/proto";
import { HistogramDeltas } from "./histogram-deltas.ts";
import { HISTOGRAM_COLUMNS } from "./native.ts";

describe("HistogramDeltas", () => {
  /** Counts by slot and the sum, by cgroup. */
  let kernel: Map<number, { sumNs: number; slots: Record<number, number> }>;
  let forgotten: number[];
  let deltas: HistogramDeltas;

  beforeEach(() => {
    kernel = new Map();
    forgotten = [];
    deltas = new HistogramDeltas(
      {
        histograms(rows) {
          rows.fill(0);
          [...kernel].forEach(([cgroup, { sumNs, slots }], index) => {
            rows[index * HISTOGRAM_COLUMNS] = cgroup;
            rows[index * HISTOGRAM_COLUMNS + 1] = sumNs;
            for (const [slot, count] of Object.entries(slots))
              rows[index * HISTOGRAM_COLUMNS + 2 + Number(slot)] = count;
          });
          return kernel.size;
        },
        forgetHistogram: (cgroup) => void forgotten.push(cgroup),
      },
      100,
    );
  });

  function read(tick: number, living = new Map<number, string>()): HistogramDelta[] {
    const given: HistogramDelta[] = [];
    deltas.read(
      tick,
      (delta) => given.push(delta),
      () => living,
    );
    return given;
  }

  test("what a histogram gained is given once, with the time in which it was gained", () => {
    kernel.set(7, { sumNs: 5000, slots: { 0: 2, 199: 1 } });
    const [first] = read(200);
    assert.deepEqual([first.signal, first.cgroup, first.sumNs], [Signal.RUNQ_DELAY, 7, 5000n]);
    assert.deepEqual([first.fromTick, first.toTick], [100n, 200n]);
    assert.deepEqual(decodeSlotPairs(first.slots), { slots: [0, 199], counts: [2, 1] });
    kernel.set(7, { sumNs: 9000, slots: { 0: 2, 4: 1, 199: 1 } });
    const [second] = read(300);
    assert.deepEqual([second.sumNs, second.fromTick, second.toTick], [4000n, 200n, 300n]);
    assert.deepEqual(decodeSlotPairs(second.slots), { slots: [4], counts: [1] });
  });

  test("a histogram that gained nothing is not mentioned", () => {
    kernel.set(7, { sumNs: 5000, slots: { 0: 2 } });
    read(200);
    assert.deepEqual(read(300), []);
  });

  test("when the table gets full, idle histograms of cgroups that are gone are forgotten, and only those", () => {
    for (let cgroup = 0; cgroup < 192; cgroup++) kernel.set(cgroup, { sumNs: 10, slots: { 1: 1 } });
    read(200);
    kernel.set(5, { sumNs: 20, slots: { 1: 2 } });
    read(300, new Map([[6, "/six"]]));
    assert.equal(forgotten.length, 192 - 3);
    assert.ok(![0, 5, 6].some((kept) => forgotten.includes(kept)));
  });

  test("a cgroup whose number comes back after it was forgotten counts from nothing", () => {
    for (let cgroup = 0; cgroup < 192; cgroup++) kernel.set(cgroup, { sumNs: 10, slots: { 1: 3 } });
    read(200);
    read(300);
    kernel.clear();
    kernel.set(9, { sumNs: 4, slots: { 1: 1 } });
    const [delta] = read(400);
    assert.deepEqual(decodeSlotPairs(delta.slots).counts, [1]);
  });
});
