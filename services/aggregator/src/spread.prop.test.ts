import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { spread } from "./spread.ts";

const leases = Array.from({ length: 13 }, (_, partition) => `p${partition}`);
const replicas = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1 });
const somehow = fc.dictionary(fc.constantFrom(...leases), fc.constantFrom("a", "b", "c", "d", "e"));

/** Lets every replica act once, one after the other. Returns the number of leases that were taken from a live one. */
function round(members: readonly string[], holders: Map<string, string>): number {
  let moved = 0;
  for (const self of members) {
    const { acquire, acquireMax, release } = spread(self, members, holders, leases);
    for (const lease of release) holders.delete(lease);
    moved += release.length;
    for (const lease of acquire.slice(0, acquireMax)) if (!holders.has(lease)) holders.set(lease, self);
  }
  return moved;
}

function heldBy(member: string, holders: ReadonlyMap<string, string>): number {
  return [...holders.values()].filter((holder) => holder === member).length;
}

test("from any distribution, every lease has a live holder after a few rounds and shares differ by at most one", () => {
  fc.assert(
    fc.property(replicas, somehow, (members, start) => {
      const holders = new Map(Object.entries(start).filter(([, holder]) => members.includes(holder)));
      for (let turn = 0; turn < 3; turn++) round(members, holders);
      const counts = members.map((member) => heldBy(member, holders));
      assert.equal(holders.size, leases.length);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, JSON.stringify(counts));
      assert.equal(round(members, holders), 0);
    }),
  );
});

test("no more leases move than must", () => {
  fc.assert(
    fc.property(replicas, somehow, (members, start) => {
      const holders = new Map(Object.entries(start).filter(([, holder]) => members.includes(holder)));
      const counts = members.map((member) => heldBy(member, holders)).sort((a, b) => b - a);
      const floor = Math.floor(leases.length / members.length);
      const larger = leases.length % members.length;
      const excess = counts.reduce((sum, count, rank) => sum + Math.max(0, count - floor - (rank < larger ? 1 : 0)), 0);
      let moved = 0;
      for (let turn = 0; turn < 3; turn++) moved += round(members, holders);
      assert.equal(moved, excess);
    }),
  );
});

test("a replica that is not announced yet counts itself", () => {
  assert.equal(spread("new", [], new Map(), leases).acquireMax, leases.length);
});
