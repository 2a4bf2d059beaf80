import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary, type NodeWindow, NodeWindowSchema } from "@farmscope/proto";
import fc from "fast-check";
import { SignalSet } from "../node/signal-set.ts";
import { T0, Timeline } from "./fixtures/timeline.ts";
import { unpackNodes } from "./node-columns.ts";
import { type NodeSummary, SETTLED_QUANTILES, summaryOf } from "./node-summary.ts";
import type { WindowRecord } from "./partition-windows.ts";
import { WIDE_WIDTHS_MS, WINDOW_MS, windowStartOf } from "./window-time.ts";

/** Long enough for windows of 10 min to be closed and amended. */
const LENGTH_S = 800;
const FARMS = ["farm", "other", "third"] as const;

/** A batch: when it is read, how late it is, whose it is. */
const batch = fc.record({
  atS: fc.integer({ min: 0, max: LENGTH_S }),
  lateS: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 0, max: 700 }) }),
  node: fc.constantFrom("a", "b"),
  pauseUs: fc.integer({ min: 1, max: 1_000_000 }),
  farm: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...FARMS) }),
  cgroup: fc.integer({ min: 1, max: 40 }),
});
const silence = fc.option(
  fc.record({ fromS: fc.integer({ min: 100, max: 500 }), lengthS: fc.integer({ min: 60, max: 200 }) }),
);
const story = fc.record({ batches: fc.array(batch, { minLength: 20, maxLength: 150 }), silence });
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

interface Played {
  readonly records: readonly WindowRecord[];
  /** Values that found a window, by farm. */
  readonly accepted: ReadonlyMap<string, number>;
}

/** Plays a story second by second: every record that comes of it, and how many values went into windows. */
function play({ batches, silence: pause }: Story, restartS = -1): Played {
  const timeline = new Timeline();
  timeline.node("a");
  timeline.node("b");
  const records: WindowRecord[] = [];
  const accepted = new Map<string, number>();
  const bySecond = Map.groupBy(batches, ({ atS }) => atS);
  for (let atS = 0; atS < LENGTH_S + 30; atS++) {
    const isSilent = pause !== null && atS >= pause.fromS && atS < pause.fromS + pause.lengthS;
    if (isSilent) continue;
    for (const { lateS, node, pauseUs, farm, cgroup } of bySecond.get(atS) ?? []) {
      const of = { cgroup, ...(farm === undefined ? {} : { farm }) };
      const found = timeline.batch(atS, node, atS, pauseUs, atS - lateS, of);
      const now = timeline.nodes.find((one) => one.node === node)!.farm;
      if (found) accepted.set(now, (accepted.get(now) ?? 0) + 1);
    }
    if (atS === restartS) timeline.restart();
    records.push(...timeline.tickAll(atS));
  }
  return { records, accepted };
}

const keyOf = ({ node, farm }: { readonly node: string; readonly farm: string }): string => `${node} in ${farm}`;

/** What stands in the newest revision of every window of 10 s, by start, node and farm. */
function newestParts(records: readonly WindowRecord[]): Map<number, Map<string, NodeWindow>> {
  const parts = new Map<number, Map<string, NodeWindow>>();
  for (const { partial } of records) {
    if (partial.widthMs !== WINDOW_MS) continue;
    const startMs = Number(partial.startMs);
    const nodes = parts.get(startMs) ?? new Map<string, NodeWindow>();
    parts.set(startMs, nodes);
    for (const node of partial.nodes) nodes.set(keyOf(node), node);
  }
  return parts;
}

function newestWide(records: readonly WindowRecord[], widthMs: number): Map<string, NodeSummary> {
  const found = new Map<string, NodeSummary>();
  for (const { partial } of records) {
    if (partial.widthMs !== widthMs) continue;
    for (const node of unpackNodes(partial.columns!).nodes) found.set(`${partial.startMs} ${keyOf(node)}`, node);
  }
  return found;
}

/** The same, folded anew from the windows of 10 s. */
function expectedWide(
  records: readonly WindowRecord[],
  widthMs: 60_000 | 600_000,
): Map<string, [number, number, number]> {
  const sums = new Map<string, { signals: SignalSet; coverage: number }>();
  const parts = newestParts(records);
  const closedThroughMs = Math.max(...parts.keys()) + WINDOW_MS;
  for (const [startMs, nodes] of parts) {
    if (windowStartOf(startMs, widthMs) + widthMs > closedThroughMs) continue;
    for (const [key, window] of nodes) {
      const wide = `${windowStartOf(startMs, widthMs)} ${key}`;
      const wideSum = sums.get(wide) ?? { signals: new SignalSet(), coverage: 0 };
      sums.set(wide, wideSum);
      wideSum.signals.addProto(window.distributions);
      wideSum.coverage += window.left || (window.online && window.observed) ? window.coverage : 0;
    }
  }
  const windows = [...sums].map(([key, { signals, coverage }]) => {
    const [pauses] = summaryOf({ distributions: signals.toProto(), zones: [] } as never, SETTLED_QUANTILES).signals;
    const share = Math.round((coverage * 1e6) / (widthMs / WINDOW_MS)) / 1e6;
    return [key, [pauses?.count ?? 0, pauses?.maxUs ?? 0, share]] as const;
  });
  return new Map(windows as [string, [number, number, number]][]);
}

/** Values in the nodes' windows as the store has them, by start. */
function storedCounts(records: readonly WindowRecord[], widthMs: number): Map<number, number> {
  const stored = new Map<string, { readonly startMs: number; readonly count: number }>();
  for (const { partial, nodes } of records) {
    if (partial.widthMs !== widthMs) continue;
    const startMs = Number(partial.startMs);
    for (const { node, bytes } of nodes) {
      stored.set(`${node} ${startMs}`, { startMs, count: countOf(fromBinary(NodeWindowSchema, bytes)) });
    }
  }
  const counts = new Map<number, number>();
  for (const { startMs, count } of stored.values()) counts.set(startMs, (counts.get(startMs) ?? 0) + count);
  return counts;
}

function countOf({ distributions }: NodeWindow): number {
  return sum(distributions.map(({ distribution }) => Number(distribution?.count ?? 0n)));
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}

describe("windows of 1 min and 10 min", () => {
  it("are the fold of the newest windows of 10 s, whatever came late, moved or fell silent", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { records } = play(told);
        for (const widthMs of WIDE_WIDTHS_MS) {
          const found = newestWide(records, widthMs);
          const lines = [...found].map(([key, { signals, coverage }]) => {
            const [pauses] = signals;
            return [key, [pauses?.count ?? 0, pauses?.maxUs ?? 0, Math.round(coverage * 1e6) / 1e6]] as const;
          });
          assert.deepEqual(new Map(lines), expectedWide(records, widthMs));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("are in the store whole: every value once, whichever farm the node belonged to", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { records, accepted } = play(told);
        const exact = storedCounts(records, WINDOW_MS);
        assert.equal(sum(exact.values()), sum(accepted.values()));
        const closedThroughMs = Math.max(...exact.keys()) + WINDOW_MS;
        for (const widthMs of WIDE_WIDTHS_MS) {
          const expected = new Map<number, number>();
          for (const [startMs, count] of exact) {
            const wideMs = windowStartOf(startMs, widthMs);
            if (wideMs + widthMs <= closedThroughMs) expected.set(wideMs, (expected.get(wideMs) ?? 0) + count);
          }
          assert.deepEqual(new Map([...storedCounts(records, widthMs)].sort()), new Map([...expected].sort()));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("are the same when everything is written and read back in between", () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 0, max: LENGTH_S }), (told, restartS) => {
        const bytesOf = ({ records }: Played) =>
          records.map(({ partial, nodes }) => [partial, nodes.map(({ node, bytes }) => [node, bytes])]);
        assert.deepEqual(bytesOf(play(told, restartS)), bytesOf(play(told)));
      }),
      { numRuns: 25 },
    );
  });
});

describe("a node that moves to another farm", () => {
  it("counts every value once, for the farm in the envelope of its batch, also in the window of the move and when late", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { records, accepted } = play(told);
        const counts = new Map<string, number>();
        for (const nodes of newestParts(records).values()) {
          for (const window of nodes.values()) {
            const { farm } = window;
            const count = countOf(window);
            if (count > 0) counts.set(farm, (counts.get(farm) ?? 0) + count);
          }
        }
        assert.deepEqual(new Map([...counts].sort()), new Map([...accepted].sort()));
      }),
      { numRuns: 25 },
    );
  });

  it("counts events before the move for the old farm and later ones for the new, which alone has its memory", () => {
    const timeline = new Timeline();
    timeline.node("a");
    timeline.batch(1, "a", 10, 100);
    timeline.batch(2, "a", 11, 200);
    timeline.batch(3, "a", 12, 300, 3, { farm: "other" });
    const [record] = timeline.tick(12);
    const [present, left] = record!.partial.nodes;
    assert.deepEqual([present!.farm, present!.left, left!.farm, left!.left], ["other", false, "farm", true]);
    assert.deepEqual([present!.pages!.folded, left!.pages!.folded], [1n, 2n]);
    const pauses = (window: NodeWindow) => Number(window.distributions[0]!.distribution!.count);
    assert.deepEqual([pauses(present!), pauses(left!)], [1, 2]);
    assert.deepEqual([present!.zones[0]!.freePages, left!.zones.length], [12, 0]);
    assert.equal(pauses(fromBinary(NodeWindowSchema, record!.nodes[0]!.bytes)), 3);
  });

  it("leaves nothing behind in the window after that of the move", () => {
    const timeline = new Timeline();
    timeline.node("a");
    timeline.batch(1, "a", 10, 100);
    timeline.batch(11, "a", 12, 300, 11, { farm: "other" });
    const farms = [12, 22].map((atS) =>
      timeline.tick(atS).flatMap(({ partial }) => partial.nodes.map(({ farm }) => farm)),
    );
    assert.deepEqual(farms, [["farm"], ["other"]]);
  });
});

describe("the quantiles of wide windows", () => {
  it("are those that the tick names, besides the settled ones", () => {
    const timeline = new Timeline();
    timeline.node("a");
    for (let atS = 0; atS < 60; atS++) timeline.batch(atS, "a", 1, atS + 1);
    const records = Array.from({ length: 63 }, (_, atS) => timeline.tickAll(atS, [0.25])).flat();
    const wide = records.find(({ partial }) => partial.widthMs === 60_000)!;
    assert.equal(Number(wide.partial.startMs), windowStartOf(T0, 60_000));
    const { quantiles, nodes } = unpackNodes(wide.partial.columns!);
    assert.deepEqual(quantiles, [0.25, ...SETTLED_QUANTILES]);
    assert.equal(nodes[0]!.signals[0]!.quantiles.length, quantiles.length);
  });
});
