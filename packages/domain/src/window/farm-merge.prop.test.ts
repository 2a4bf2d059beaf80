import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  create,
  type FarmWindow,
  NodeWindowSchema,
  type PartialWindow,
  PartialWindowSchema,
  Signal,
} from "@farmscope/proto";
import fc from "fast-check";
import { balanceToProto } from "../balance.ts";
import { Distribution } from "../distribution/distribution.ts";
import { SignalSet } from "../node/signal-set.ts";
import { partitionOf } from "../partition.ts";
import { FarmMerge } from "./farm-merge.ts";
import { encodeFarmWindow } from "./farm-window.ts";
import { WIDE_WIDTHS_MS, WINDOW_MS, windowStartOf } from "./window-time.ts";

const T0 = 1_700_000_000_000;
const PARTITIONS = 2;
const FARMS = ["farm", "other", "third", "fourth"].filter((farm) => partitionOf(farm, PARTITIONS) === 0).slice(0, 2);
const WINDOWS = 130;

interface LogEntry {
  readonly partial: PartialWindow;
  readonly appendedAtMs: number;
}

function partialOf(partition: number, window: number, revision: number, pauses: readonly number[]): PartialWindow {
  const nodes = pauses.map((pauseUs, at) => {
    const pause = new Distribution();
    // Amendments only add to what was there.
    for (let more = 0; more <= revision; more++) pause.recordExactUs(pauseUs + more);
    return create(NodeWindowSchema, {
      node: `${partition}-${at}`,
      farm: FARMS[at % FARMS.length]!,
      online: true,
      observed: true,
      coverage: 0.5,
      hugeOrder: 2,
      zones: [{ name: "Normal", managed: 100, freePages: window, freeBlocks: [window % 7, 1, 2] }],
      distributions: [{ signal: Signal.GC_PAUSE, distribution: pause.toProto() }],
      pages: balanceToProto({ in: 10 + at, folded: 9, dropped: 0, lost: 1, held: at }),
    });
  });
  const startMs = BigInt(T0 + window * WINDOW_MS);
  return create(PartialWindowSchema, { partition, widthMs: WINDOW_MS, startMs, revision, nodes });
}

/** Two partitions that speak of each window once, now and then not at all, and amend some later; each record in parts or not. */
const story = fc
  .record({
    silent: fc.uniqueArray(fc.nat(WINDOWS - 1), { maxLength: 15 }),
    amended: fc.array(
      fc.record({ window: fc.nat(WINDOWS - 1), partition: fc.nat(1), afterS: fc.integer({ min: 15, max: 590 }) }),
      {
        maxLength: 15,
      },
    ),
    inParts: fc.uniqueArray(fc.nat(WINDOWS - 1), { maxLength: 15 }),
    pauses: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ silent, amended, inParts, pauses }): LogEntry[] => {
    const entries: { atMs: number; partial: PartialWindow }[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      const endMs = T0 + (window + 1) * WINDOW_MS + 2_000;
      for (let partition = 0; partition < PARTITIONS; partition++) {
        if (partition === 1 && silent.includes(window)) continue;
        entries.push({ atMs: endMs + partition * 100, partial: partialOf(partition, window, 0, pauses) });
      }
    }
    const revisions = new Map<string, number>();
    for (const { window, partition, afterS } of [...amended].sort(
      (a, b) => a.window + a.afterS / 10 - b.window - b.afterS / 10,
    )) {
      const revision = (revisions.get(`${partition}/${window}`) ?? 0) + 1;
      revisions.set(`${partition}/${window}`, revision);
      const atMs = T0 + (window + 1) * WINDOW_MS + afterS * 1_000;
      entries.push({ atMs, partial: partialOf(partition, window, revision, pauses) });
    }
    return entries
      .sort((a, b) => a.atMs - b.atMs)
      .flatMap(({ atMs, partial }) => {
        const window = (Number(partial.startMs) - T0) / WINDOW_MS;
        if (!inParts.includes(window) || partial.nodes.length < 2) return [{ appendedAtMs: atMs, partial }];
        return [0, 1].map((part) => {
          const nodes = part === 0 ? partial.nodes.slice(0, 1) : partial.nodes.slice(1);
          return { appendedAtMs: atMs, partial: create(PartialWindowSchema, { ...partial, nodes, part, parts: 2 }) };
        });
      });
  });

function merged(entries: readonly LogEntry[], merge = new FarmMerge(0, PARTITIONS), from = 0): FarmWindow[][] {
  return entries.map(({ partial, appendedAtMs }, at) => {
    // What is merged keeps what it is given.
    const copy = create(PartialWindowSchema, {
      ...partial,
      nodes: partial.nodes.map((node) => create(NodeWindowSchema, node)),
    });
    return merge.apply(copy, appendedAtMs, from + at + 1);
  });
}

const keyOf = ({ farm, startMs }: FarmWindow): string => `${farm} ${startMs}`;

describe("a farm's wide windows", () => {
  it("are the fold of its newest windows of 10 s, whatever came late, in parts, or not at all", () => {
    fc.assert(
      fc.property(story, (entries) => {
        const records = merged(entries).flat();
        const exact = new Map(
          records.filter(({ widthMs }) => widthMs === WINDOW_MS).map((window) => [keyOf(window), window]),
        );
        for (const widthMs of WIDE_WIDTHS_MS) {
          const wide = new Map(
            records.filter((window) => window.widthMs === widthMs).map((window) => [keyOf(window), window]),
          );
          assert.ok(wide.size > 0);
          for (const window of wide.values()) {
            const parts = [...exact.values()]
              .filter(
                ({ farm, startMs }) =>
                  farm === window.farm && windowStartOf(Number(startMs), widthMs) === Number(window.startMs),
              )
              .sort((a, b) => Number(a.startMs - b.startMs));
            const signals = new SignalSet();
            for (const part of parts) signals.addProto(part.distributions);
            assert.deepEqual(window.distributions, signals.toProto());
            const coverage = parts.reduce((total, part) => total + part.coverage, 0) / (widthMs / WINDOW_MS);
            assert.ok(Math.abs(window.coverage - coverage) < 1e-5);
            assert.deepEqual(window.orders, parts.at(-1)!.orders);
            const { pages } = window;
            const folded = parts.reduce((total, part) => total + part.pages!.folded, 0n);
            assert.equal(pages!.folded, folded);
            assert.equal(pages!.in, pages!.folded + pages!.dropped + pages!.lost + pages!.held);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("the merging of farms", () => {
  it("goes on from its state as if it had never stopped, with what stands in the log since the oldest open window", () => {
    fc.assert(
      fc.property(story, fc.double({ min: 0, max: 1, noNaN: true }), (entries, share) => {
        const cut = Math.floor(share * (entries.length - 1)) + 1;
        const first = new FarmMerge(0, PARTITIONS);
        merged(entries.slice(0, cut), first);
        const needed = first.neededFrom(cut + 1);
        const again = new FarmMerge(0, PARTITIONS);
        again.resume({ position: cut, state: first.encode() });
        const seen = merged(entries.slice(needed - 1), again, needed - 1);
        assert.ok(seen.slice(0, cut - needed + 1).every((records) => records.length === 0));
        const bytes = (records: FarmWindow[][]) => records.flat().map(encodeFarmWindow);
        const whole = new FarmMerge(0, PARTITIONS);
        assert.deepEqual(bytes(seen), bytes(merged(entries, whole).slice(cut)));
        if (cut < entries.length) assert.deepEqual(again.tally, whole.tally);
      }),
      { numRuns: 40 },
    );
  });

  it("counts what came twice, what amended, what closed without a partition, and what nobody waits for any more", () => {
    const merge = new FarmMerge(0, PARTITIONS);
    const at = (partition: number, window: number, revision: number, atS: number) =>
      merge.apply(partialOf(partition, window, revision, [5]), T0 + atS * 1_000);
    at(0, 0, 0, 12);
    at(0, 0, 0, 12);
    at(0, 1, 0, 22);
    at(0, 2, 0, 32);
    at(0, 0, 1, 40);
    assert.equal(merge.open, 1);
    at(0, 100, 0, 1_012);
    at(0, 0, 2, 1_013);
    const { repeated, amended, incomplete, ignored } = merge.tally;
    assert.deepEqual({ repeated, amended, ignored }, { repeated: 1, amended: 1, ignored: 1 });
    assert.ok(incomplete >= 3);
  });

  it("takes a window in parts only when all of them are there", () => {
    const merge = new FarmMerge(0, 1);
    const whole = partialOf(0, 0, 0, [5, 6, 7]);
    const part = (number: number) =>
      create(PartialWindowSchema, { ...whole, nodes: [whole.nodes[number]!], part: number, parts: 3 });
    assert.equal(merge.apply(part(0), T0 + 12_000).length, 0);
    assert.equal(merge.apply(part(0), T0 + 12_000).length, 0);
    assert.equal(merge.apply(part(2), T0 + 12_000).length, 0);
    const closed = merge.apply(part(1), T0 + 12_000).filter(({ widthMs }) => widthMs === WINDOW_MS);
    assert.equal(
      closed.reduce((nodes, window) => nodes + window.nodesKnown, 0),
      3,
    );
  });
});
