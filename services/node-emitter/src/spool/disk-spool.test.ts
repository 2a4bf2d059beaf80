import assert from "node:assert/strict";
import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { SILENT, settle } from "../fixtures.ts";
import type { EncodedBatch } from "../stages/spool.ts";
import { DiskSpool, type DiskSpoolOptions } from "./disk-spool.ts";
import { inDirectory, testBatch } from "./fixtures/batches.ts";
import { recordBytes } from "./record.ts";

function open(directory: string, options: Partial<DiskSpoolOptions> = {}): Promise<DiskSpool> {
  return DiskSpool.open({
    directory: join(directory, "spool"),
    clock: new SystemClock(),
    logger: SILENT,
    memoryBatchesMax: 4,
    memoryBytesMax: 1000,
    diskBytesMax: 100_000,
    segmentBytesMax: 500,
    sync: false,
    ...options,
  });
}

async function written(spool: DiskSpool): Promise<void> {
  while (spool.writing > 0) await settle();
}

/** Takes and settles everything; the numbers of the batches. */
async function drain(spool: DiskSpool): Promise<number[]> {
  const seqs: number[] = [];
  while (spool.batches > 0) {
    const batch = spool.peek();
    if (batch === undefined) await settle();
    else {
      spool.take();
      assert.deepEqual({ ...batch, payload: [...batch.payload] }, plain(testBatch(batch.seq, batch.payload.length)));
      spool.settle(batch);
      seqs.push(batch.seq);
    }
  }
  return seqs;
}

function plain(batch: EncodedBatch): object {
  return { ...batch, payload: [...batch.payload] };
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

const files = (directory: string): Promise<string[]> => readdir(join(directory, "spool"));

test("while there is room in memory nothing is written", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory);
    for (const seq of numbers(0, 4)) spool.put(testBatch(seq));
    await settle();
    assert.deepEqual(await files(directory), []);
    assert.deepEqual(await drain(spool), numbers(0, 4));
    assert.equal(await spool.close(), 0);
  }));

test("what memory has no room for goes to disk and comes back in its order", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory);
    for (const seq of numbers(0, 200)) spool.put(testBatch(seq));
    await written(spool);
    assert.ok((await files(directory)).length > 1);
    assert.ok(spool.bytes <= 1000);
    assert.deepEqual(await drain(spool), numbers(0, 200));
    await spool.close();
  }));

test("when all of it is settled the files are gone, and batches pass through memory alone again", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory);
    for (const seq of numbers(0, 50)) spool.put(testBatch(seq));
    await written(spool);
    await drain(spool);
    await settle();
    spool.put(testBatch(50));
    assert.equal(spool.writing, 0);
    assert.deepEqual(await drain(spool), [50]);
    await spool.close();
    assert.deepEqual(await files(directory), []);
  }));

test("once the log is away everything that is not settled is on disk, also what was taken, and all that follows", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory);
    for (const seq of numbers(0, 4)) spool.put(testBatch(seq));
    const taken = [spool.take(), spool.take(), spool.take()];
    spool.settle(taken[0]!);
    spool.secure();
    for (const seq of numbers(4, 3)) spool.put(testBatch(seq));
    await written(spool);
    await cp(join(directory, "spool"), join(directory, "killed", "spool"), { recursive: true });
    const next = await open(join(directory, "killed"));
    assert.equal(next.leftover.batches, 6);
    assert.deepEqual(await drain(next), numbers(1, 6));
    await next.close();
    spool.putBack([taken[1]!, taken[2]!]);
    assert.deepEqual(await drain(spool), numbers(1, 6), "nothing is given twice");
    await spool.close();
  }));

test("an orderly end keeps what is left for the next life, ahead of what that one adds", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory);
    for (const seq of numbers(0, 3)) spool.put(testBatch(seq));
    spool.take();
    assert.equal(await spool.close(), 3);
    const next = await open(directory);
    for (const seq of numbers(3, 10)) next.put(testBatch(seq));
    assert.equal(next.batches, 13);
    assert.deepEqual(await drain(next), numbers(0, 13));
    await next.close();
  }));

test("there is room up to the last byte of the disk's limit, and none for one more", () =>
  inDirectory(async (directory) => {
    const batch = testBatch(0, 100);
    const header = 8;
    const spool = await open(directory, { memoryBytesMax: 0, diskBytesMax: header + 3 * recordBytes(batch) });
    spool.put(testBatch(0, 100));
    spool.put(testBatch(1, 100));
    await written(spool);
    assert.equal(spool.hasRoom(recordBytes(batch)), true);
    assert.equal(spool.hasRoom(recordBytes(batch) + 1), false);
    spool.put(testBatch(2, 100));
    assert.equal(spool.hasRoom(1), false, "also while it is being written");
    await written(spool);
    assert.equal(spool.hasRoom(1), false);
    await drain(spool);
    assert.equal(spool.hasRoom(recordBytes(batch)), true);
    await spool.close();
  }));

test("a torn write is cut off and counted, and what comes later is read all the same", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory, { segmentBytesMax: 10_000 });
    spool.secure();
    for (const seq of numbers(0, 5)) spool.put(testBatch(seq));
    await spool.close();
    const [name] = await files(directory);
    const path = join(directory, "spool", name);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 1));
    const next = await open(directory);
    const { batches, cutBytes, cutSegments } = next.leftover;
    assert.deepEqual([batches, cutBytes, cutSegments], [4, recordBytes(testBatch(4)) - 1, 1]);
    assert.equal((await stat(path)).size, bytes.length - recordBytes(testBatch(4)));
    next.put(testBatch(5));
    assert.deepEqual(await drain(next), [0, 1, 2, 3, 5]);
    await next.close();
  }));

test("what becomes unreadable while it waits is counted as lost, and the rest goes on", () =>
  inDirectory(async (directory) => {
    const spool = await open(directory, { memoryBatchesMax: 1, memoryBytesMax: 30, segmentBytesMax: 100 });
    spool.secure();
    for (const seq of numbers(0, 6)) {
      spool.put(testBatch(seq));
      await written(spool);
    }
    const names = (await files(directory)).sort();
    const path = join(directory, "spool", names[1]);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(path, bytes);
    const seqs = await drain(spool);
    assert.equal(spool.lost, 6 - seqs.length);
    assert.ok(spool.lost > 0 && seqs.includes(5));
    assert.equal(await spool.close(), 0);
  }));

test("a file that is none of its own is no reason to stop, and is cut away", () =>
  inDirectory(async (directory) => {
    await (await open(directory)).close();
    await writeFile(join(directory, "spool", "0000000001.segment"), "something else altogether");
    const spool = await open(directory);
    assert.deepEqual([spool.batches, spool.leftover.cutSegments], [0, 1]);
    await spool.close();
    assert.deepEqual(await files(directory), []);
  }));
