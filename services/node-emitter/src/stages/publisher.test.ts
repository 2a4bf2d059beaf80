import assert from "node:assert/strict";
import { test } from "node:test";
import { partitionOf } from "@farmscope/domain";
import { ManualClock, OperatingError } from "@farmscope/runtime";
import { recordsOf, SILENT, settle, UnreliableLog } from "../fixtures.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import { type EncodedBatch, MemorySpool } from "./spool.ts";

const PARTITIONS = 4;

function setUp(options: Partial<PublisherOptions> = {}) {
  const clock = new ManualClock();
  const log = new UnreliableLog(clock);
  const publisher = new Publisher({
    log,
    partitions: PARTITIONS,
    clock,
    logger: SILENT,
    spool: new MemorySpool(100, 100_000),
    windowBatchesMax: 4,
    windowBytesMax: 10_000,
    ...options,
  });
  return { clock, log, publisher };
}

function batch(seq: number, bytes = 10): EncodedBatch {
  return { node: "node-a", id: `node-a/boot/1/${seq}`, seq, payload: new Uint8Array(bytes), events: 3 };
}

function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

const ids = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => batch(from + i).id);

test("batches stand in their node's partition, under its key, in order", async () => {
  const { log, publisher } = setUp();
  for (let seq = 0; seq < 10; seq++) publisher.accept(batch(seq, seq + 1));
  assert.equal(await publisher.drain(1000), 0);
  const records = await recordsOf(log, partitionOf("node-a", PARTITIONS));
  assert.deepEqual(
    records.map(({ key, payload }) => [key, payload.length]),
    Array.from({ length: 10 }, (_, seq) => ["node-a", seq + 1]),
  );
  assert.deepEqual(publisher.counter.toJSON(), { name: "append", in: 10, out: 10, dropped: 0, held: 0 });
  assert.equal(publisher.eventsAcknowledged, 30);
});

test("no more batches are on their way than the window holds, by count and by bytes", async () => {
  const { log, publisher } = setUp();
  const wait = gate();
  log.gate = wait.promise;
  for (let seq = 0; seq < 6; seq++) publisher.accept(batch(seq));
  assert.deepEqual(log.attempts, ids(0, 4));
  wait.open();
  await settle();
  assert.equal(log.attempts.length, 6);

  const second = setUp({ windowBytesMax: 250 });
  const hold = gate();
  second.log.gate = hold.promise;
  for (let seq = 0; seq < 4; seq++) second.publisher.accept(batch(seq, 100));
  assert.deepEqual(second.log.attempts, ids(0, 2));
  hold.open();
  await settle();
  assert.equal(second.log.attempts.length, 4);
});

test("a batch larger than the whole window still goes out, alone", async () => {
  const { log, publisher } = setUp({ windowBytesMax: 50 });
  publisher.accept(batch(0, 100));
  publisher.accept(batch(1, 100));
  await settle();
  assert.deepEqual(log.attempts, ids(0, 2));
});

test("a failed append is tried again under the same id, and meanwhile nothing new is sent", async () => {
  const { clock, log, publisher } = setUp();
  log.failures = 3;
  publisher.accept(batch(0));
  await settle();
  for (let seq = 1; seq < 4; seq++) publisher.accept(batch(seq));
  await settle();
  assert.deepEqual(log.attempts, ids(0, 1));
  assert.equal(publisher.logAway, true);
  for (let wait = 0; wait < 20; wait++) {
    await clock.advance(1000);
    await settle();
  }
  assert.deepEqual(log.attempts, [...Array(4).fill(batch(0).id), ...ids(1, 3)]);
  assert.equal(publisher.logAway, false);
  assert.equal(publisher.counter.held, 0);
});

test("first attempts leave in the order of acceptance, whatever fails", async () => {
  const { clock, log, publisher } = setUp();
  log.failures = 7;
  for (let seq = 0; seq < 30; seq++) publisher.accept(batch(seq));
  for (let wait = 0; wait < 40; wait++) {
    await settle();
    await clock.advance(1000);
  }
  assert.deepEqual([...new Set(log.attempts)], ids(0, 30));
  assert.equal(publisher.counter.out, 30);
});

test("the spool has room up to its bounds and no further", () => {
  const spool = new MemorySpool(2, 100);
  assert.equal(spool.hasRoom(100), true);
  assert.equal(spool.hasRoom(101), false);
  spool.put(batch(0, 60));
  assert.equal(spool.hasRoom(40), true);
  assert.equal(spool.hasRoom(41), false);
  spool.put(batch(1, 1));
  assert.equal(spool.hasRoom(1), false, "two batches are the most");
  assert.equal(spool.take()?.seq, 0);
  assert.equal(spool.hasRoom(99), true);
  assert.deepEqual([spool.batches, spool.bytes], [1, 1]);
});

test("the spool gives batches back in their order", () => {
  const spool = new MemorySpool(1000, 100_000);
  const taken: number[] = [];
  for (let seq = 0; seq < 100; seq++) {
    spool.put(batch(seq));
    if (seq % 3 === 0) taken.push(spool.take()?.seq ?? -1);
  }
  for (let next = spool.take(); next !== undefined; next = spool.take()) taken.push(next.seq);
  assert.deepEqual(
    taken,
    Array.from({ length: 100 }, (_, seq) => seq),
  );
  assert.equal(spool.bytes, 0);
});

test("draining gives up at its deadline and says how many batches it still holds", async () => {
  const { clock, log, publisher } = setUp();
  log.failures = Number.POSITIVE_INFINITY;
  for (let seq = 0; seq < 9; seq++) publisher.accept(batch(seq));
  const drained = publisher.drain(7000);
  for (let wait = 0; wait < 80; wait++) {
    await clock.advance(100);
    await settle();
  }
  assert.equal(await drained, 9);
  const { in: accepted, out, dropped, held } = publisher.counter;
  assert.deepEqual([accepted, out, dropped, held], [9, 0, 0, 9]);
});

test("a message that the log refuses for its size is dropped, counted, and the rest goes on", async () => {
  const { clock } = setUp();
  const log = new UnreliableLog(clock, 1000);
  const { publisher } = setUp({ log, clock });
  publisher.accept(batch(0, 1001));
  publisher.accept(batch(1, 1000));
  await settle();
  assert.deepEqual(publisher.counter.toJSON(), { name: "append", in: 2, out: 1, dropped: 1, held: 0 });
});

test("an error that no retry can heal ends publishing and is kept", async () => {
  const { log, publisher } = setUp();
  log.append = () => Promise.reject(new OperatingError("LOG_MISCONFIGURED", "no such stream"));
  publisher.accept(batch(0));
  await settle();
  assert.ok(publisher.failure instanceof OperatingError);
  assert.equal(await publisher.drain(1000), 1);
});

test("after an outage only the oldest batch is tried until it gets through, and the log has all in their order", async () => {
  const { clock, log, publisher } = setUp();
  log.failures = 9;
  for (let seq = 0; seq < 12; seq++) publisher.accept(batch(seq, seq + 1));
  for (let wait = 0; wait < 40; wait++) {
    await settle();
    await clock.advance(1000);
  }
  assert.deepEqual(log.attempts, [...ids(0, 4), ...Array(6).fill(batch(0).id), ...ids(1, 11)]);
  const records = await recordsOf(log, partitionOf("node-a", PARTITIONS));
  assert.deepEqual(
    records.map(({ payload }) => payload.length),
    Array.from({ length: 12 }, (_, seq) => seq + 1),
  );
});
