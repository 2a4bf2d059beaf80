import { type Clock, invariant, type Logger, messageOf } from "@farmscope/runtime";
import { type EncodedBatch, MemorySpool, type Spool } from "../stages/spool.ts";
import { Journal, type JournalOptions, type Leftover } from "./journal.ts";
import { recordBytes } from "./record.ts";
import type { Segment } from "./segment.ts";

/** New batches on their way to the disk, in bytes: as many are lost when the process dies at that moment. */
const WRITING_BYTES_MAX = 8 * 2 ** 20;
/** Bytes of one write: a millisecond of work. */
const WRITE_BYTES = 1 << 20;
/** Pause after a write that failed, in milliseconds. */
const RETRY_MS = 1_000;

export interface DiskSpoolOptions extends JournalOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What waits in memory: all of it while the log is there, the oldest part of it while it is away. */
  readonly memoryBatchesMax: number;
  readonly memoryBytesMax: number;
  /** What the files may take, in bytes. */
  readonly diskBytesMax: number;
}

/** A batch on its way to the disk. */
interface Write {
  readonly batch: EncodedBatch;
  /** It is in front or taken besides. */
  readonly isCopy: boolean;
  /** What it will take there. */
  readonly bytes: number;
}

/**
 * A bounded spool that survives its process. While the log takes what it is given, batches pass through memory alone.
 * When the log is away, or the memory is full, everything that is not settled is written to disk, and all that follows
 * behind it; this goes on until all of it is settled.
 *
 * ```
 *   put -> writing -> (on disk only) -> front -> taken -> settled
 *             a copy of every batch to the right of here stays on disk
 * ```
 *
 * A batch is safe from the death of the process once it is written, milliseconds after it was put. It is safe from the
 * loss of power only with `sync`, which makes every write wait for the medium. A kill can tear the last write: what is
 * torn is cut off by the next life and counted.
 */
export class DiskSpool implements Spool {
  onRefill = (): void => undefined;
  /** Batches that were on disk and could not be read any more. */
  lost = 0;
  /** What the earlier life left. */
  readonly leftover: Leftover;
  readonly #options: DiskSpoolOptions;
  readonly #journal: Journal;
  readonly #front: MemorySpool;
  readonly #taken = new Set<EncodedBatch>();
  /** Batches in front or taken that stand on disk as well. */
  readonly #places = new Map<EncodedBatch, Segment>();
  /** Batches that are on disk only. */
  #unread: number;
  /** In this order; what is written is removed afterwards. */
  #writes: Write[] = [];
  #writingBytes = 0;
  /** Those among them that are nowhere else. */
  #fresh = { batches: 0, bytes: 0 };
  /** Copies on their way to the disk whose batch is not settled yet. */
  readonly #copies = new Set<EncodedBatch>();
  #isJournaling: boolean;
  #writer: Promise<void> | undefined;
  #reader: Promise<void> | undefined;
  #isClosing = false;

  private constructor(options: DiskSpoolOptions, journal: Journal, leftover: Leftover) {
    this.#options = options;
    this.#journal = journal;
    this.leftover = leftover;
    this.#front = new MemorySpool(options.memoryBatchesMax, options.memoryBytesMax);
    this.#unread = leftover.batches;
    this.#isJournaling = leftover.batches > 0;
  }

  /** Cost: one reading of what is there. @throws {Error} of the file system. */
  static async open(options: DiskSpoolOptions): Promise<DiskSpool> {
    const { journal, leftover } = await Journal.open(options);
    return new DiskSpool(options, journal, leftover);
  }

  get batches(): number {
    return this.#front.batches + this.#unread + this.#fresh.batches;
  }

  get bytes(): number {
    return this.#front.bytes + this.#fresh.bytes;
  }

  /** Batches on their way to the disk, copies included: 0 when all that is accepted while the log is away is safe. */
  get writing(): number {
    return this.#writes.length;
  }

  /** Bytes on disk. */
  get diskBytes(): number {
    return this.#journal.bytes;
  }

  hasRoom(bytes: number): boolean {
    if (!this.#isJournaling && this.#front.hasRoom(bytes)) return true;
    if (this.#fresh.batches > 0 && this.#fresh.bytes + bytes > WRITING_BYTES_MAX) return false;
    return this.#fitsOnDisk(bytes);
  }

  put(batch: EncodedBatch): void {
    if (!this.#isJournaling && this.#front.hasRoom(batch.payload.length)) {
      this.#front.put(batch);
      return;
    }
    this.secure();
    this.#write(batch, false);
  }

  peek(): EncodedBatch | undefined {
    const next = this.#front.peek();
    if (next === undefined) this.#refill();
    return next;
  }

  take(): EncodedBatch | undefined {
    const batch = this.#front.take();
    if (batch !== undefined) this.#taken.add(batch);
    this.#refill();
    return batch;
  }

  putBack(batches: readonly EncodedBatch[]): void {
    for (const batch of batches) this.#taken.delete(batch);
    this.#front.putBack(batches);
  }

  settle(batch: EncodedBatch): void {
    this.#taken.delete(batch);
    this.#copies.delete(batch);
    const segment = this.#places.get(batch);
    if (segment === undefined) return;
    this.#places.delete(batch);
    this.#journal.settle(segment);
    this.#rest();
  }

  secure(): void {
    if (this.#isJournaling) return;
    this.#isJournaling = true;
    for (const batch of [...this.#taken, ...this.#front]) {
      // With less disk than memory the newest stay without a copy.
      if (!this.#fitsOnDisk(recordBytes(batch))) return;
      this.#copies.add(batch);
      this.#write(batch, true);
    }
  }

  /** Writes what is not on disk yet, then leaves everything to the next life. */
  async close(): Promise<number> {
    if (this.#taken.size + this.#front.batches > 0) this.secure();
    this.#isClosing = true;
    await Promise.all([this.#writer, this.#reader]);
    const kept = this.#journal.unsettled;
    await this.#journal.close();
    return kept;
  }

  #fitsOnDisk(bytes: number): boolean {
    return this.#journal.bytes + this.#writingBytes + bytes <= this.#options.diskBytesMax;
  }

  #write(batch: EncodedBatch, isCopy: boolean): void {
    const bytes = recordBytes(batch);
    this.#writes.push({ batch, isCopy, bytes });
    this.#writingBytes += bytes;
    if (!isCopy) this.#countFresh(1, bytes);
    this.#writer ??= this.#writeAll().finally(() => {
      this.#writer = undefined;
    });
  }

  #countFresh(batches: number, bytes: number): void {
    this.#fresh.batches += batches;
    this.#fresh.bytes += bytes;
  }

  /** Writes one piece after the other until nothing is left to write. */
  async #writeAll(): Promise<void> {
    // Batches that come in one go are written in one go.
    await Promise.resolve();
    while (this.#writes.length > 0) {
      const piece = this.#nextPiece();
      const written = await this.#trying("write", () => this.#journal.append(piece.map(({ batch }) => batch)));
      if (written === null) return;
      this.#writes.splice(0, piece.length);
      for (const [index, write] of piece.entries()) this.#land(write, written.segment, written.ends[index]);
      this.#refill();
      this.#rest();
    }
  }

  /** No more than a file holds, so that files are given back in pieces of about their size. */
  #nextPiece(): Write[] {
    const bytesMax = Math.min(WRITE_BYTES, this.#options.segmentBytesMax);
    let sum = 0;
    const end = this.#writes.findIndex(({ bytes }) => {
      sum += bytes;
      return sum > bytesMax;
    });
    return this.#writes.slice(0, end < 0 ? this.#writes.length : Math.max(1, end));
  }

  /** A batch stands on disk. It is in memory as well if it was there, or if nothing older is on disk only. */
  #land({ batch, isCopy, bytes }: Write, segment: Segment, end: number): void {
    this.#writingBytes -= bytes;
    if (!isCopy) this.#countFresh(-1, -bytes);
    if (!isCopy && (this.#unread > 0 || !this.#front.hasRoom(batch.payload.length))) {
      this.#unread++;
      return;
    }
    this.#journal.skip(segment, end);
    if (isCopy && !this.#copies.delete(batch)) {
      this.#journal.settle(segment);
      return;
    }
    this.#places.set(batch, segment);
    if (isCopy) return;
    this.#front.put(batch);
    this.onRefill();
  }

  /** Fetches from disk what comes next, while less than half of the memory is taken. */
  #refill(): void {
    if (!this.#isLow) return;
    this.#reader ??= this.#readOn().finally(() => {
      this.#reader = undefined;
    });
  }

  get #isLow(): boolean {
    const { memoryBatchesMax, memoryBytesMax } = this.#options;
    const { batches, bytes } = this.#front;
    const isHalfEmpty = batches < memoryBatchesMax / 2 && bytes < memoryBytesMax / 2;
    return this.#unread > 0 && (batches === 0 || isHalfEmpty);
  }

  /** Reads about a mebibyte at once, so memory may exceed its bounds by that. */
  async #readOn(): Promise<void> {
    while (this.#isLow && !this.#isClosing) {
      const reading = await this.#trying("read", () => this.#journal.read());
      if (reading === null) return;
      const { found, lost } = reading;
      invariant(found.length + lost > 0, "what is counted as unread can be read");
      this.#unread -= found.length + lost;
      this.lost += lost;
      if (lost > 0) this.#options.logger.error({ batches: lost }, "a segment of the spool is damaged");
      for (const { batch, segment } of found) {
        this.#front.put(batch);
        this.#places.set(batch, segment);
      }
      this.onRefill();
      this.#rest();
    }
  }

  /** Tries until the disk is well again; null when the spool is closed before. */
  async #trying<T>(doing: "read" | "write", work: () => Promise<T>): Promise<T | null> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#options.logger.error({ waiting: this.batches }, `the spool cannot ${doing}: ${messageOf(error)}`);
        if (this.#isClosing) return null;
        await this.#options.clock.sleep(RETRY_MS);
      }
    }
  }

  /** When all that was on disk is settled, batches pass through memory alone again. */
  #rest(): void {
    if (!this.#isJournaling || this.#unread + this.#places.size + this.#writes.length > 0) return;
    this.#isJournaling = false;
    this.#journal.clear();
  }
}
