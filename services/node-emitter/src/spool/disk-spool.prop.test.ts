import assert from "node:assert/strict";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import fc from "fast-check";
import { SILENT, settle } from "../fixtures.ts";
import type { EncodedBatch } from "../stages/spool.ts";
import { DiskSpool } from "./disk-spool.ts";
import { inDirectory, testBatch } from "./fixtures/batches.ts";
import { Journal } from "./journal.ts";

const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 });

interface Kept {
  readonly seqs: number[];
  readonly cutSegments: number;
}

/** Writes batches of these sizes in pieces, as one life of the emitter would. */
async function writeAll(directory: string, lengths: readonly number[], piece: number): Promise<void> {
  const { journal } = await Journal.open({ directory, segmentBytesMax: 1000, sync: false });
  const batches = lengths.map((bytes, seq) => testBatch(seq, bytes));
  for (let at = 0; at < batches.length; at += piece) await journal.append(batches.slice(at, at + piece));
  await journal.close();
}

/** What the next life finds; every batch must be what was written under its number. */
async function readAll(directory: string, lengths: readonly number[]): Promise<Kept> {
  const { journal, leftover } = await Journal.open({ directory, segmentBytesMax: 1000, sync: false });
  const seqs: number[] = [];
  while (seqs.length < leftover.batches) {
    for (const { batch } of (await journal.read()).found) {
      assert.deepEqual(Buffer.from(batch.payload), Buffer.from(testBatch(batch.seq, lengths[batch.seq]).payload));
      seqs.push(batch.seq);
    }
  }
  await journal.close();
  return { seqs, cutSegments: leftover.cutSegments };
}

test("a kill at any byte of the last file leaves exactly the batches that were written whole before it", () =>
  fc.assert(
    fc.asyncProperty(
      sizes,
      fc.integer({ min: 1, max: 7 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (lengths, piece, cut) =>
        inDirectory(async (directory) => {
          await writeAll(directory, lengths, piece);
          const whole = await readAll(directory, lengths);
          assert.deepEqual(
            whole.seqs,
            lengths.map((_, seq) => seq),
          );
          const name = (await readdir(directory)).sort().at(-1) ?? "";
          const bytes = await readFile(join(directory, name));
          const end = Math.floor(cut * bytes.length);
          await writeFile(join(directory, name), bytes.subarray(0, end));
          const { seqs, cutSegments } = await readAll(directory, lengths);
          assert.deepEqual(seqs, whole.seqs.slice(0, seqs.length), "a prefix");
          const again = await readAll(directory, lengths);
          assert.deepEqual([again.seqs, again.cutSegments], [seqs, 0], "what is cut off is cut off once");
          if (end === bytes.length) assert.deepEqual([seqs.length, cutSegments], [lengths.length, 0]);
          else assert.ok(seqs.length < lengths.length);
        }),
    ),
    { numRuns: 60, verbose: 1 },
  ));

test("whatever byte is damaged, no batch comes back changed, and no other file is touched by it", () =>
  fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (lengths, place, flip) =>
      inDirectory(async (directory) => {
        await writeAll(directory, lengths, 3);
        const names = (await readdir(directory)).sort();
        const path = join(directory, names[place % names.length]);
        const bytes = await readFile(path);
        bytes[place % bytes.length] ^= flip;
        await writeFile(path, bytes);
        const { seqs, cutSegments } = await readAll(directory, lengths);
        assert.equal(cutSegments, 1);
        assert.deepEqual(
          seqs,
          [...new Set(seqs)].sort((a, b) => a - b),
        );
        const missing = lengths.map((_, seq) => seq).filter((seq) => !seqs.includes(seq));
        assert.equal(missing.at(-1)! - missing[0], missing.length - 1, "one run of them");
      }),
    ),
    { numRuns: 60, verbose: 1 },
  ));

type Step = { readonly kind: "put"; readonly bytes: number } | { readonly kind: "take" | "settle" | "back" | "wait" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), bytes: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom("take", "settle", "back", "wait") }) },
);

/** Drives a spool as a publisher would: what is put back is all that was taken and is not settled. */
class Driver {
  put = 0;
  readonly settled = new Set<number>();
  /** Numbers in the order in which they were settled. */
  readonly order: number[] = [];
  readonly #spool: DiskSpool;
  #taken: EncodedBatch[] = [];

  constructor(spool: DiskSpool) {
    this.#spool = spool;
  }

  async step(next: Step): Promise<void> {
    const spool = this.#spool;
    if (next.kind === "put" && spool.hasRoom(next.bytes + 100)) spool.put(testBatch(this.put++, next.bytes));
    if (next.kind === "take" && spool.peek() !== undefined) this.#taken.push(spool.take()!);
    if (next.kind === "settle") this.#settle();
    if (next.kind === "back") spool.putBack(this.#taken.splice(0));
    if (next.kind === "wait") await settle();
    assert.ok(spool.diskBytes <= 6_000 + 8, "the limit holds");
    assert.equal(spool.batches + this.#taken.length + this.settled.size, this.put, "every batch is somewhere");
  }

  async finish(): Promise<void> {
    this.#spool.putBack(this.#taken.splice(0));
    while (this.#spool.batches > 0) {
      if (this.#spool.peek() === undefined) await settle();
      else this.#taken.push(this.#spool.take()!);
      this.#settle();
    }
  }

  #settle(): void {
    const batch = this.#taken.shift();
    if (batch === undefined) return;
    this.#spool.settle(batch);
    this.settled.add(batch.seq);
    this.order.push(batch.seq);
  }
}

test("whatever happens, batches come out once, in their order; and after a kill nothing is missing that was not settled", () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.nat({ max: 60 }), (steps, awayFrom) =>
      inDirectory(async (directory) => {
        const options = {
          clock: new SystemClock(),
          logger: SILENT,
          memoryBatchesMax: 4,
          memoryBytesMax: 600,
          diskBytesMax: 6_000,
          segmentBytesMax: 700,
          sync: false,
        };
        const spool = await DiskSpool.open({ ...options, directory: join(directory, "life") });
        const driver = new Driver(spool);
        for (const [index, next] of steps.entries()) {
          if (index >= awayFrom) spool.secure();
          await driver.step(next);
        }
        spool.secure();
        while (spool.writing > 0) await settle();
        const all = Array.from({ length: driver.put }, (_, seq) => seq);
        const unsettled = all.filter((seq) => !driver.settled.has(seq));

        await cp(join(directory, "life"), join(directory, "killed"), { recursive: true });
        const next = await DiskSpool.open({ ...options, directory: join(directory, "killed") });
        const heir = new Driver(next);
        await heir.finish();
        assert.deepEqual(
          heir.order.filter((seq) => !driver.settled.has(seq)),
          unsettled,
        );
        assert.deepEqual(
          heir.order,
          [...new Set(heir.order)].sort((a, b) => a - b),
        );
        await next.close();

        await driver.finish();
        assert.deepEqual(driver.order, all);
        await spool.close();
        assert.deepEqual(await readdir(join(directory, "life")), []);
      }),
    ),
    { numRuns: 100, verbose: 1 },
  ));
