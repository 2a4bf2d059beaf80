import assert from "node:assert/strict";
import { test } from "node:test";
import { create, StreamCountersSchema } from "@farmscope/proto";
import { isBalanced } from "../balance.ts";
import { type SourceTotals, StreamAccount, totalsOf } from "./stream-account.ts";

function totals(seen: number, batched: number, sampledOut = 0, lost = 0): SourceTotals {
  return { seen, batched, sampledOut, lost };
}

test("what was folded, sampled out, lost and is still on its way adds up to what was seen", () => {
  const account = new StreamAccount();
  account.read(totals(120, 80, 20, 5));
  account.fold(80, totals(120, 80, 20, 5));
  assert.deepEqual(account.balance(), { in: 120, folded: 80, dropped: 20, lost: 5, held: 15 });
});

test("batches in the reorder buffer are held until the gap before them is lost", () => {
  const account = new StreamAccount();
  account.read(totals(10, 10));
  account.fold(10, totals(10, 10));
  account.read(totals(30, 30));
  assert.deepEqual(account.balance(), { in: 30, folded: 10, dropped: 0, lost: 0, held: 20 });
  account.fold(12, totals(30, 30));
  assert.deepEqual(account.balance(), { in: 30, folded: 22, dropped: 0, lost: 8, held: 0 });
});

test("events of a dead letter are dropped, not lost", () => {
  const account = new StreamAccount();
  account.read(totals(10, 10));
  account.bury(10, totals(10, 10));
  account.read(totals(15, 15));
  account.fold(5, totals(15, 15));
  assert.deepEqual(account.balance(), { in: 15, folded: 5, dropped: 10, lost: 0, held: 0 });
});

test("what a start leaves behind is lost, and the next one counts from zero", () => {
  const account = new StreamAccount();
  account.read(totals(50, 40));
  account.fold(40, totals(50, 40));
  account.endStart();
  assert.deepEqual(account.balance(), { in: 50, folded: 40, dropped: 0, lost: 10, held: 0 });
  account.read(totals(7, 7));
  account.fold(7, totals(7, 7));
  assert.deepEqual(account.balance(), { in: 57, folded: 47, dropped: 0, lost: 10, held: 0 });
});

test("where the log's beginning is gone, what was counted before is neither in nor lost", () => {
  const account = new StreamAccount();
  account.beginAt(10, totals(1000, 900, 60, 40));
  account.read(totals(1000, 900, 60, 40));
  account.fold(10, totals(1000, 900, 60, 40));
  assert.deepEqual(account.balance(), { in: 10, folded: 10, dropped: 0, lost: 0, held: 0 });
  account.read(totals(1020, 915, 62, 40));
  account.fold(15, totals(1020, 915, 62, 40));
  assert.deepEqual(account.balance(), { in: 30, folded: 25, dropped: 2, lost: 0, held: 3 });
});

test("what a killed start had on its way and gives again in the next is counted there", () => {
  const account = new StreamAccount();
  account.read(totals(12, 10, 2));
  account.fold(10, totals(12, 10, 2));
  account.read(totals(50, 45, 5));
  assert.equal(account.balance().held, 35);
  account.endStart(true);
  account.read(totals(41, 38, 3));
  account.fold(38, totals(41, 38, 3));
  assert.deepEqual(account.balance(), { in: 53, folded: 48, dropped: 5, lost: 0, held: 0 });
});

test("a count of what was seen that is older than the ring's events does not break the balance", () => {
  const account = new StreamAccount();
  account.read(totals(8, 10));
  account.fold(10, totals(8, 10));
  assert.deepEqual(account.balance(), { in: 10, folded: 10, dropped: 0, lost: 0, held: 0 });
});

test("an emitter whose batches hold more than it says shows as a broken balance", () => {
  const account = new StreamAccount();
  account.read(totals(10, 10));
  account.fold(10, totals(10, 10));
  account.fold(10, totals(10, 10));
  assert.equal(isBalanced(account.balance()), false);
});

test("losses of ring, decoding and spool are all lost", () => {
  const counters = create(StreamCountersSchema, {
    seen: 10n,
    ringLost: 1n,
    decodeLost: 2n,
    spoolLost: 3n,
    batched: 4n,
  });
  assert.deepEqual(totalsOf(counters), { seen: 10, sampledOut: 0, lost: 6, batched: 4 });
  assert.equal(totalsOf(undefined), null);
});
