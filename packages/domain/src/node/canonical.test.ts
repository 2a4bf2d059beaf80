import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type NodeView, NodeViewSchema, Signal } from "@farmscope/proto";
import { canonicalBytes } from "./canonical.ts";

type ViewInit = Exclude<Parameters<typeof create<typeof NodeViewSchema>>[1], NodeView | undefined>;

const VIEW: ViewInit = {
  node: "a",
  pageCounters: { alloc: 1n, free: 2n },
  pages: { in: 5n, folded: 3n, lost: 2n },
  distributions: [{ signal: Signal.GC_PAUSE, distribution: { slots: Uint8Array.from([1, 1]), count: 1n } }],
} as ViewInit;

function hexOf(views: readonly ViewInit[], runs = Uint8Array.from([1, 2, 3])): string {
  const nodes = views.map((init) => ({ view: create(NodeViewSchema, init), runs }));
  return Buffer.concat([...canonicalBytes(nodes)]).toString("hex");
}

test("start, position, append times, balances of the way there and the order of nodes do not matter", () => {
  const elsewhere = { start: 7n, position: 99n, lastAppendMs: 5n, epoch: 3, skewMs: 4, coverage: 0.5, recovered: 3n };
  const balance = { pages: { in: 9n, folded: 3n, held: 6n } };
  assert.equal(hexOf([{ ...VIEW, ...elsewhere, ...balance } as ViewInit]), hexOf([VIEW]));
  const other = { ...VIEW, node: "b" } as ViewInit;
  assert.equal(hexOf([other, VIEW]), hexOf([VIEW, other]));
});

test("page state, event counters, folded events and distributions do", () => {
  const changes = [
    { node: "c" },
    { pageCounters: { alloc: 1n, free: 3n } },
    { pageCounters: { alloc: 1n, free: 2n, anomalies: { freeOfFree: 1n } } },
    { pages: { in: 5n, folded: 4n } },
    { distributions: [] },
  ];
  const hashes = changes.map((change) => hexOf([{ ...VIEW, ...change } as ViewInit]));
  hashes.push(hexOf([VIEW], Uint8Array.from([1, 2])), hexOf([VIEW]));
  assert.equal(new Set(hashes).size, hashes.length);
});
