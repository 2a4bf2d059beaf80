import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SystemClock } from "@farmscope/runtime";
import { eventLogContract } from "../contract.ts";
import type { StreamName } from "../port.ts";
import { DEDUP_WINDOW_MS } from "../retention.ts";
import { MemoryLog } from "./memory-log.ts";

eventLogContract("MemoryLog", {
  open: async (options = {}) => new MemoryLog({ clock: new SystemClock(), ...options }),
});

const EVENTS: StreamName = { kind: "event", partition: 0 };

test("An id is forgotten when its window has passed.", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock });
  assert.equal(await log.append(EVENTS, "k", new Uint8Array(1), { id: "a" }), 1);
  await clock.advance(DEDUP_WINDOW_MS - 1);
  assert.equal(await log.append(EVENTS, "k", new Uint8Array(1), { id: "a" }), 1);
  await clock.advance(1);
  assert.equal(await log.append(EVENTS, "k", new Uint8Array(1), { id: "a" }), 2);
});

test("Raw events go after a day; alerts stay.", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock });
  await log.append(EVENTS, "k", new Uint8Array(1));
  await log.append({ kind: "alert" }, "k", new Uint8Array(1));
  await clock.advance(86_400_000);
  assert.deepEqual(await log.positions(EVENTS), { first: 2, last: 1, messages: 0, bytes: 0 });
  assert.equal((await log.positions({ kind: "alert" })).messages, 1);
  assert.equal(await log.lastOf(EVENTS, "k"), null);
});

test("A wait ends by the injected clock.", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock });
  const reader = await log.read(EVENTS, { from: 1 });
  let isOver = false;
  const waiting = reader.next(1, 1_000).then((records) => {
    isOver = true;
    return records;
  });
  await clock.advance(999);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.deepEqual(await waiting, []);
});

test("Tens of thousands of records pass through a small log.", async () => {
  const log = new MemoryLog({ clock: new ManualClock(), partitions: 1, bytesMax: 1_000 });
  for (let index = 1; index <= 20_000; index++) {
    assert.equal(await log.append(EVENTS, String(index % 7), new Uint8Array(10)), index);
  }
  assert.deepEqual(await log.positions(EVENTS), { first: 19_901, last: 20_000, messages: 100, bytes: 1_000 });
  const reader = await log.read(EVENTS, { from: 19_901 });
  const records = await reader.next(1_000, 0);
  assert.deepEqual([records[0].position, records.at(-1)?.position, records.length], [19_901, 20_000, 100]);
});

test("A partition that the installation does not have is a programmer's error.", async () => {
  const log = new MemoryLog({ clock: new ManualClock(), partitions: 2 });
  await assert.rejects(log.append({ kind: "event", partition: 2 }, "k", new Uint8Array(1)), /invariant broken/);
});
