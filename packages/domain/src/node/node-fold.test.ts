import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, BatchSchema, create, Signal } from "@farmscope/proto";
import { RunqColumns } from "../distribution/columns.ts";
import { Distribution } from "../distribution/distribution.ts";
import { encodeSlotPairs } from "../distribution/slot-pairs.ts";
import { SLOTS, slotOf } from "../distribution/slots.ts";
import { TICKS_PER_MS } from "../time.ts";
import { encodeRunqColumns } from "../wire/runq-columns.ts";
import { BatchContent } from "./batch-content.ts";
import { CGROUPS_MAX, CgroupSignals, OTHER_CGROUP } from "./cgroup-signals.ts";
import { NodeFold } from "./node-fold.ts";
import { nodeView } from "./node-view.ts";

/** Wall time of tick 0, a round window start. */
const BOOTED_MS = 1_700_000_000_000;

type BatchInit = Exclude<Parameters<typeof create<typeof BatchSchema>>[1], Batch | undefined>;

function batchAt(second: number, parts: BatchInit): Batch {
  return create(BatchSchema, {
    identity: { node: "n", boot: "b", start: 1n, seq: 0 },
    farm: "farm",
    clock: { baseTick: BigInt(second * 1000 * TICKS_PER_MS), realtimeOffsetUs: BigInt(BOOTED_MS) * 1000n },
    ...parts,
  } as BatchInit);
}

function folded(...batches: readonly { readonly batch: Batch; readonly appendedS: number }[]): NodeFold {
  const fold = new NodeFold("n");
  const content = new BatchContent();
  fold.begin("b", 1);
  batches.forEach(({ batch, appendedS }, at) => {
    content.decode(batch);
    const appendedAtMs = BOOTED_MS + appendedS * 1000;
    fold.fold(batch, content, { position: at + 1, appendedAtMs, openFromMs: BOOTED_MS });
  });
  return fold;
}

function histogram(valuesUs: readonly number[], toS: number) {
  const counts = new Float64Array(SLOTS);
  for (const value of valuesUs) counts[slotOf(value)]! += 1;
  const sumNs = BigInt(valuesUs.reduce((sum, value) => sum + value * 1000, 0));
  const toTick = BigInt(toS * 1000 * TICKS_PER_MS);
  return { signal: Signal.RUNQ_DELAY, cgroup: 7, toTick, slots: encodeSlotPairs(counts), sumNs };
}

function rawRunq(delays: number) {
  const columns = new RunqColumns();
  columns.length = delays;
  columns.delayNs.fill(1e9, 0, delays);
  return { count: delays, codec: 1, columns: encodeRunqColumns(columns, 0) };
}

test("raw run-queue delays are counted and enter no distribution, for they are samples", () => {
  const runq = rawRunq(5);
  const counters = { runq: { seen: 80n, sampledOut: 75n, batched: 5n } };
  const fold = folded({
    batch: batchAt(1, { runq, counters, histograms: [histogram([3, 4], 1)] } as BatchInit),
    appendedS: 1,
  });
  assert.deepEqual(fold.accounts.runq.balance(), { in: 80, folded: 5, dropped: 75, lost: 0, held: 0 });
  assert.equal(fold.signals.of(Signal.RUNQ_DELAY).count, 2);
  assert.equal(fold.signals.of(Signal.RUNQ_DELAY).sumUs, 7);
});

test("a GC pause is exact in the node, in its cgroup and in its window", () => {
  const gcPauses = [{ durationNs: 1_234_567n, endTickOffset: 0n, cgroup: 7 }];
  const fold = folded({ batch: batchAt(1, { gcPauses } as BatchInit), appendedS: 1 });
  const window = fold.windows.close(BOOTED_MS, true, () => fold.moment())!.parts[0]!;
  const distributions = [
    fold.signals.of(Signal.GC_PAUSE),
    fold.cgroups.of(Signal.GC_PAUSE, 7),
    Distribution.fromProto(window!.distributions[0]!.distribution!),
  ];
  for (const distribution of distributions) {
    assert.deepEqual([distribution.count, distribution.sumUs], [1, 1234.567]);
    assert.equal(distribution.quantile(1)!.lower, 1234);
  }
});

test("a latency counts in the window of its own time, not of its batch", () => {
  const histograms = [histogram([10], 9), histogram([20, 20], 11)];
  const fold = folded({ batch: batchAt(9, { histograms } as BatchInit), appendedS: 12 });
  const counts = [0, 10_000].map((startMs) => {
    const [window] = fold.windows.close(BOOTED_MS + startMs, true, () => fold.moment())!.parts;
    return Distribution.fromProto(window!.distributions[0]!.distribution!).count;
  });
  assert.deepEqual(counts, [1, 2]);
});

test("an event is never dated after the broker saw it, and the difference is the skew", () => {
  const fold = folded({ batch: batchAt(500, { histograms: [histogram([10], 500)] } as BatchInit), appendedS: 3 });
  assert.equal(fold.lastEventMs, BOOTED_MS + 3_000);
  assert.equal(fold.skewMs, -497_000);
  const [window] = fold.windows.close(BOOTED_MS, true, () => fold.moment())!.parts;
  assert.equal(window!.distributions.length, 1);
});

test("a latency that is too late for any window still counts in the node", () => {
  const fold = folded({ batch: batchAt(-700, { histograms: [histogram([10], -700)] } as BatchInit), appendedS: 3 });
  assert.equal(fold.late, 1);
  assert.equal(fold.signals.of(Signal.RUNQ_DELAY).count, 1);
});

test("after a new boot nothing is known of the memory, and what was counted stays", () => {
  const facts = {
    maxOrder: 10,
    hugeOrder: 9,
    zones: [{ name: "Normal", spanned: 4096, present: 4096, managed: 4096 }],
  };
  const counters = { pages: { seen: 9n, batched: 0n } };
  const fold = folded({ batch: batchAt(1, { facts, counters } as BatchInit), appendedS: 1 });
  assert.equal(fold.pages.zones().length, 1);
  fold.begin("other boot", 2);
  assert.equal(fold.pages.zones().length, 0);
  assert.deepEqual(fold.accounts.pages.balance(), { in: 9, folded: 0, dropped: 0, lost: 9, held: 0 });
});

test("the same batches give the same bytes of a view", () => {
  const make = () => {
    const gcPauses = [
      { durationNs: 5_000n, cgroup: 3 },
      { durationNs: 6_000n, cgroup: 2 },
    ];
    const parts = { gcPauses, histograms: [histogram([1, 2, 3], 1)], cgroups: [{ id: 7, path: "/seven" }] };
    return nodeView(folded({ batch: batchAt(1, parts as BatchInit), appendedS: 1 }), {
      partition: 0,
      online: true,
      heldBatches: 0,
    });
  };
  assert.deepEqual(make(), make());
  assert.deepEqual(
    make().cgroups.map(({ cgroup, path }) => [cgroup, path]),
    [
      [7, "/seven"],
      [2, ""],
      [3, ""],
    ],
  );
});

test("cgroups beyond the limit share one distribution, so that nothing is lost and memory is bounded", () => {
  const cgroups = new CgroupSignals();
  for (let id = 1; id <= CGROUPS_MAX + 2; id++) cgroups.of(Signal.GC_PAUSE, id).recordExactUs(id);
  assert.equal(cgroups.of(Signal.GC_PAUSE, CGROUPS_MAX).count, 1);
  assert.equal(cgroups.of(Signal.GC_PAUSE, OTHER_CGROUP).count, 2);
});
