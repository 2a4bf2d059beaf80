import { mkdir, readdir } from "node:fs/promises";
import type { EncodedBatch } from "../stages/spool.ts";
import { encodeRecord } from "./record.ts";
import { Segment } from "./segment.ts";

export interface JournalOptions {
  readonly directory: string;
  /** Size at which a segment is closed and the next one begun, in bytes; what is settled is freed by whole segments. */
  readonly segmentBytesMax: number;
  /** Whether every write waits for the medium. */
  readonly sync: boolean;
}

/** What an earlier life left. */
export interface Leftover {
  readonly batches: number;
  readonly bytes: number;
  /** Bytes that were torn or damaged and are cut off. */
  readonly cutBytes: number;
  /** Segments that were cut: each lost one batch at least. */
  readonly cutSegments: number;
}

/** A batch and the segment that it stands in. */
export interface Placed {
  readonly batch: EncodedBatch;
  readonly segment: Segment;
}

/** What one write put where. */
export interface Written {
  readonly segment: Segment;
  /** Where each record ends. */
  readonly ends: readonly number[];
}

/** What one reading found. */
export interface Reading {
  readonly found: readonly Placed[];
  /** Batches that cannot be read any more. */
  readonly lost: number;
}

/**
 * The spool's segments as one queue of batches: written at the end, read at a cursor, freed by segments when all in them
 * is settled. Writes must not overlap one another, readings neither.
 */
export class Journal {
  readonly #options: JournalOptions;
  /** Oldest first; the last one is written. */
  #segments: Segment[] = [];
  #nextIndex: number;
  /** Segments of an earlier life are never written again: their end may be where a write was torn. */
  #active: Segment | undefined;
  #cursor: { segment: Segment | undefined; at: number } = { segment: undefined, at: Segment.first };
  readonly #deletions = new Set<Promise<void>>();

  private constructor(options: JournalOptions, segments: Segment[]) {
    this.#options = options;
    this.#segments = segments;
    this.#nextIndex = (segments.at(-1)?.index ?? 0) + 1;
    this.#cursor.segment = segments[0];
  }

  /** Opens the directory, makes it if need be, and checks what is there; cost: one reading of everything. */
  static async open(options: JournalOptions): Promise<{ journal: Journal; leftover: Leftover }> {
    const { directory } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const indexes = (await readdir(directory)).map(Segment.indexOf).filter((index) => index !== null);
    const segments: Segment[] = [];
    let cutBytes = 0;
    let cutSegments = 0;
    for (const index of indexes.sort((a, b) => a - b)) {
      const recovered = await Segment.recover(directory, index);
      cutBytes += recovered.cutBytes;
      if (recovered.cutBytes > 0) cutSegments++;
      if (recovered.segment.unsettled > 0) segments.push(recovered.segment);
      else await recovered.segment.delete();
    }
    const journal = new Journal(options, segments);
    return { journal, leftover: { batches: journal.unsettled, bytes: journal.bytes, cutBytes, cutSegments } };
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get unsettled(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.unsettled, 0);
  }

  /** Writes batches behind all others. @throws {Error} of the file system; then none of them is there. */
  async append(batches: readonly EncodedBatch[]): Promise<Written> {
    const segment = await this.#writable();
    const records = batches.map(encodeRecord);
    let end = segment.bytes;
    await segment.append(records, this.#options.sync);
    segment.unsettled += batches.length;
    segment.unread += batches.length;
    return { segment, ends: records.map((record) => (end += record.length)) };
  }

  /** The batch that ends here, the first unread one, is at hand in memory: reading goes on behind it. */
  skip(segment: Segment, end: number): void {
    segment.unread--;
    this.#cursor = { segment, at: end };
  }

  /** Reads on from the cursor, about a mebibyte. */
  async read(): Promise<Reading> {
    for (;;) {
      const { segment = this.#segments[0], at } = this.#cursor;
      if (segment === undefined) return { found: [], lost: 0 };
      if (at < segment.bytes) return await this.#readFrom(segment, at);
      const next = this.#after(segment);
      if (next === undefined) return { found: [], lost: 0 };
      this.#cursor = { segment: next, at: Segment.first };
    }
  }

  /** One batch of the segment is in the log, or given up. */
  settle(segment: Segment): void {
    segment.unsettled--;
    if (segment.unsettled === 0 && segment !== this.#active) this.#drop(segment);
  }

  /** Frees everything; all must be settled. The next write begins a new segment. */
  clear(): void {
    this.#active = undefined;
    for (const segment of [...this.#segments]) this.#drop(segment);
  }

  /** Closes the files and leaves what is not settled. Nothing may be under way. */
  async close(): Promise<void> {
    if (this.#active?.unsettled === 0) this.#drop(this.#active);
    await Promise.all([...this.#deletions, ...this.#segments.map((segment) => segment.close())]);
  }

  async #readFrom(segment: Segment, at: number): Promise<Reading> {
    const { batches, ends, isBroken } = await segment.read(at);
    this.#cursor = { segment, at: isBroken ? segment.bytes : (ends.at(-1) ?? at) };
    segment.unread -= batches.length;
    const lost = isBroken ? segment.unread : 0;
    segment.unread -= lost;
    for (let left = lost; left > 0; left--) this.settle(segment);
    return { found: batches.map((batch) => ({ batch, segment })), lost };
  }

  async #writable(): Promise<Segment> {
    const { directory, segmentBytesMax } = this.#options;
    const active = this.#active;
    if (active !== undefined && active.bytes < segmentBytesMax) return active;
    const next = await Segment.create(directory, this.#nextIndex);
    this.#nextIndex++;
    this.#segments.push(next);
    this.#active = next;
    if (active?.unsettled === 0) this.#drop(active);
    return next;
  }

  #after(segment: Segment): Segment | undefined {
    return this.#segments.find((other) => other.index > segment.index);
  }

  #drop(segment: Segment): void {
    this.#segments = this.#segments.filter((other) => other !== segment);
    // A file that cannot be deleted is published again by the next life: readers know its batches.
    const deletion = segment
      .delete()
      .catch(() => undefined)
      .finally(() => this.#deletions.delete(deletion));
    this.#deletions.add(deletion);
  }
}
