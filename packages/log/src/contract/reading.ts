import assert from "node:assert/strict";
import { all, bytes, clock, EVENTS, type On, readAtLeast, shape, text, VIEW } from "./kit.ts";

/** What holds of readers. */
export function readingContract(on: On): void {
  on("Reading starts at the position asked for.", async (log) => {
    for (let index = 1; index <= 9; index++) await log.append(VIEW, "k", bytes(String(index)));
    assert.deepEqual(shape(await readAtLeast(log, VIEW, { from: 7 }, 3)), ["7 k 7", "8 k 8", "9 k 9"]);
  });

  on("A reader returns at most as many records as asked for, and loses none between calls.", async (log) => {
    for (let index = 1; index <= 10; index++) await log.append(VIEW, "k", bytes(String(index)));
    const reader = await log.read(VIEW, { from: 1 });
    const sizes: number[] = [];
    const positions: number[] = [];
    while (positions.length < 10) {
      const records = await reader.next(3, 5_000);
      sizes.push(records.length);
      positions.push(...records.map((record) => record.position));
    }
    assert.ok(sizes.every((size) => size >= 1 && size <= 3));
    assert.deepEqual(positions, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  on("A waiting reader wakes when something is appended.", async (log) => {
    const reader = await log.read(VIEW, { from: 1 });
    const coming = reader.next(10, 20_000);
    await clock.sleep(100);
    const appendedAtMs = clock.monotonicMs();
    await log.append(VIEW, "k", bytes("wake"));
    assert.deepEqual(shape(await coming), ["1 k wake"]);
    assert.ok(clock.monotonicMs() - appendedAtMs < 2_000, "it did not wait out its time");
  });

  on("A reader to whom nothing comes waits its time and returns nothing, and goes on afterwards.", async (log) => {
    await log.append(VIEW, "k", bytes("1"));
    const reader = await log.read(VIEW, { from: 2 });
    const startMs = clock.monotonicMs();
    assert.deepEqual(await reader.next(10, 150), []);
    assert.ok(clock.monotonicMs() - startMs >= 140);
    await log.append(VIEW, "k", bytes("2"));
    assert.deepEqual(shape(await reader.next(10, 5_000)), ["2 k 2"]);
  });

  on("A reader with a key gets only that key's records.", async (log) => {
    for (let index = 1; index <= 12; index++) await log.append(EVENTS, `node-${index % 3}`, bytes(String(index)));
    const records = await readAtLeast(log, EVENTS, { from: 4, key: "node-1" }, 3);
    assert.deepEqual(shape(records), ["4 node-1 4", "7 node-1 7", "10 node-1 10"]);
  });

  on("A small buffer still passes large messages.", async (log) => {
    for (let index = 0; index < 4; index++) await log.append(VIEW, String(index), new Uint8Array(300_000));
    const records = await readAtLeast(log, VIEW, { from: 1, bufferBytesMax: 1_000 }, 4);
    assert.deepEqual(
      records.map((record) => record.key),
      ["0", "1", "2", "3"],
    );
  });

  on("The signal of a reader closes it, also while it waits.", async (log) => {
    const controller = new AbortController();
    const reader = await log.read(VIEW, { from: 1, signal: controller.signal });
    const waiting = reader.next(10, 20_000);
    await clock.sleep(50);
    controller.abort();
    assert.deepEqual(await waiting, []);
    assert.deepEqual(await reader.next(10, 20_000), []);
    const stillborn = await log.read(VIEW, { from: 1, signal: controller.signal });
    assert.deepEqual(await stillborn.next(10, 20_000), []);
  });

  on("A closed reader returns nothing, also to the one who waits.", async (log) => {
    const reader = await log.read(VIEW, { from: 1 });
    const waiting = reader.next(10, 20_000);
    await clock.sleep(50);
    await reader.close();
    assert.deepEqual(await waiting, []);
    await reader.close();
  });

  on("Many readers of many streams each get all of theirs.", async (log) => {
    const partitions = [0, 1, 2, 3];
    const readers = partitions.flatMap((partition) => [partition, partition, partition]);
    const reading = readers.map((partition) => readAtLeast(log, { kind: "event", partition }, { from: 1 }, 100));
    for (let index = 0; index < 100; index++) {
      for (const partition of partitions) {
        void log.append({ kind: "event", partition }, "k", bytes(`${partition}/${index}`));
      }
    }
    for (const [index, records] of (await Promise.all(reading)).entries()) {
      const expected = Array.from({ length: 100 }, (_, number) => `${readers[index]}/${number}`);
      assert.deepEqual(
        records.map((record) => text(record.payload)),
        expected,
      );
    }
  });

  on("What a reader was given is its own.", async (log) => {
    const payload = bytes("kept");
    await log.append(VIEW, "k", payload);
    payload.fill(0);
    const [first] = await all(log, VIEW);
    assert.equal(text(first.payload), "kept");
    first.payload.fill(0);
    assert.equal(text((await all(log, VIEW))[0].payload), "kept");
  });
}
