import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { decodeObservationRuns, decodeSlotPairs, encodeObservationRuns, ObservationClass } from "@farmscope/domain";
import { ObservationReason } from "@farmscope/proto";
import type { SourceNode } from "../port.ts";
import { BpfSource } from "./bpf-source.ts";
import { clock, RecordingSink, skip, storm, switching } from "./fixtures/kernel.ts";
import { markHoles, windowsOf } from "./frame-windows.ts";
import { readableRanges, readFreeBlocks, readRam, readZones, type ZoneInfo } from "./memory-layout.ts";
import { loadNative } from "./native.ts";

const OPTIONS = { nodeId: "", pageRingBytes: 16 * 2 ** 20, pageKeepOneIn: 1, runqKeepOneIn: 1, clock };

async function open(t: TestContext, sink: RecordingSink): Promise<{ source: BpfSource; node: SourceNode }> {
  const source = new BpfSource(OPTIONS);
  t.after(() => source.close());
  const [node] = await source.open();
  await source.start(new Map([[node.id, sink]]));
  return { source, node };
}

/** Polls until `done`. */
async function pollUntil(source: BpfSource, done: () => boolean, msMax: number): Promise<void> {
  const endMs = clock.monotonicMs() + msMax;
  while (!done() && clock.monotonicMs() < endMs) {
    source.poll(clock.monotonicMs());
    await clock.sleep(source.pollIntervalMs);
  }
}

test("the host tells its facts, one whole observation, gauges, and a balance that comes out even", {
  skip,
}, async (t) => {
  const sink = new RecordingSink();
  const { source, node } = await open(t, sink);
  let load = true;
  void Promise.all([storm(2), switching(32)]).finally(() => {
    load = false;
  });
  await pollUntil(source, () => !load && sink.observations.at(-1)?.end === true, 60_000);
  await source.close();

  assert.equal(sink.calls[0], "facts");
  const [facts] = sink.factsGiven;
  assert.deepEqual([facts.source, facts.absent], ["bpf", []]);
  assert.match(node.boot, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(node.clock().realtimeOffsetUs / 1000 + loadNative().monotonicNs() / 1e6 - clock.nowMs()) < 50);

  const [first] = sink.observations;
  assert.deepEqual([first.begin, first.end, first.reason], [true, false, ObservationReason.START]);
  const covered = sink.observations.filter(({ id }) => id === first.id).flatMap(({ chunks }) => chunks);
  const managed = facts.zones.reduce((sum, zone) => sum + zone.managed, 0);
  assert.ok(covered.reduce((sum, chunk) => sum + chunk.count, 0) >= managed);
  assert.ok(covered.every((chunk) => chunk.endTick > chunk.tick));

  assert.ok(sink.gaugesGiven.length >= 1);
  assert.equal(sink.gaugesGiven[0].zones.length, facts.zones.length);
  const { pages, runq, gc } = sink.countersGiven.at(-1)!;
  t.diagnostic(
    `${pages?.seen} page events, ${pages?.recovered} of them recovered; ${runq?.seen} delays; ${gc?.seen} pauses`,
  );
  for (const stream of [pages, runq, gc]) {
    assert.deepEqual([stream?.ringLost, stream?.sampledOut, stream?.decodeLost], [0n, 0n, 0n]);
  }
  assert.deepEqual(
    [Number(pages?.seen), Number(runq?.seen), Number(gc?.seen)],
    [sink.pageEvents, sink.runqEvents, sink.pauses.length],
  );
  const counted = sink.histograms
    .flatMap(({ slots }) => [...decodeSlotPairs(slots).counts])
    .reduce((sum, count) => sum + count, 0);
  assert.equal(counted, sink.runqEvents);
  assert.ok([...sink.cgroups.values()].every((path) => path.startsWith("/") || ["~rest", "~irq"].includes(path)));
});

test("a source that is closed twice, or never started, is closed", { skip }, async () => {
  const source = new BpfSource(OPTIONS);
  await source.open();
  await source.close();
  await source.close();
  assert.equal(source.poll(0), 0);
});

/** Free blocks by order in a zone: its free frames, joined into the largest aligned blocks, as the allocator joins them. */
function coalesce(free: (pfn: number) => boolean, { startPfn, spanned }: ZoneInfo, orders: number): number[] {
  const blocks = new Array<number>(orders).fill(0);
  const isFree = (first: number, order: number): boolean => {
    if (first + 2 ** order > startPfn + spanned) return false;
    for (let at = 0; at < 2 ** order; at++) if (!free(first + at)) return false;
    return true;
  };
  for (let pfn = startPfn; pfn < startPfn + spanned; ) {
    if (!free(pfn)) {
      pfn++;
      continue;
    }
    let order = 0;
    while (order + 1 < orders && pfn % 2 ** (order + 1) === 0 && isFree(pfn + 2 ** order, order)) order++;
    blocks[order]++;
    pfn += 2 ** order;
  }
  return blocks;
}

/** All readable frames, by way of the wire format. */
function readClasses(): Uint8Array {
  const readable = readableRanges(readRam(4096), readZones());
  const windows = windowsOf(readable, readable);
  const all = new Uint8Array(windows.at(-1)!.end).fill(ObservationClass.Hole);
  for (const { first, end } of windows) {
    const classes = new Uint8Array(end - first);
    loadNative().readFrames(first, classes, new Float64Array(2));
    markHoles(classes, first, readable);
    decodeObservationRuns(encodeObservationRuns(classes), classes.length, all.subarray(first, end));
  }
  return all;
}

test("the free frames of an observation, joined into blocks, are the free blocks of buddyinfo", { skip }, async (t) => {
  // The machine is not at rest while it runs tests: the reading in which buddyinfo itself moved least is judged.
  let best = { moved: Number.POSITIVE_INFINITY, apart: 0, blocks: 0 };
  for (let attempt = 0; attempt < 8 && best.moved > 0; attempt++) {
    const before = readFreeBlocks();
    const classes = readClasses();
    const after = readFreeBlocks();
    let moved = 0;
    let apart = 0;
    let blocks = 0;
    for (const zone of readZones().filter(({ managed }) => managed > 0)) {
      const key = `${zone.numaNode}/${zone.name}`;
      const old = before.get(key)!;
      const now = after.get(key)!;
      const seen = coalesce((pfn) => classes[pfn] === ObservationClass.Buddy, zone, now.length);
      for (let order = 0; order < now.length; order++) {
        moved += Math.abs(now[order] - old[order]);
        apart += Math.max(
          0,
          seen[order] - Math.max(now[order], old[order]),
          Math.min(now[order], old[order]) - seen[order],
        );
        blocks += seen[order];
      }
    }
    if (moved < best.moved) best = { moved, apart, blocks };
    await clock.sleep(200);
  }
  t.diagnostic(`${best.blocks} free blocks; ${best.moved} came or went during the reading, ${best.apart} are apart`);
  assert.ok(best.blocks > 100);
  assert.ok(best.apart <= 8 + best.moved, `${best.apart} blocks apart`);
});
