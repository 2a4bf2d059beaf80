import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { EncodedBatch } from "../stages/spool.ts";
import { decodeRecord } from "./record.ts";

/** First bytes of every segment: what it is, and the version of its format. */
const MAGIC = Buffer.from("FSSPOOL1");
/** Bytes that one read asks for, unless a record is larger. */
const READ_BYTES = 1 << 20;
const NAME = /^(\d{10})\.segment$/;

/** Whole batches found in one place, and where the next one begins. */
export interface Page {
  readonly batches: readonly EncodedBatch[];
  /** Where each of them ends. */
  readonly ends: readonly number[];
  /** Nothing whole comes after them: the rest of the file is torn or damaged. */
  readonly isBroken: boolean;
}

/**
 * A file of the spool: a run of records behind a header. It is written once, from its beginning, then only read, and
 * deleted as a whole.
 */
export class Segment {
  readonly index: number;
  /** Bytes of whole records, the header included. */
  bytes: number;
  /** Batches in it that are not settled. */
  unsettled = 0;
  /** Batches in it that are on disk only. */
  unread = 0;
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(index: number, path: string, file: FileHandle, bytes: number) {
    this.index = index;
    this.#path = path;
    this.#file = file;
    this.bytes = bytes;
  }

  /** Where the first record stands. */
  static readonly first = MAGIC.length;

  /** Number of the segment that a file name means; null when it is none. */
  static indexOf(name: string): number | null {
    const match = NAME.exec(name);
    return match === null ? null : Number(match[1]);
  }

  /** Makes an empty one. Only its owner may read it: it holds process names. */
  static async create(directory: string, index: number): Promise<Segment> {
    const path = pathOf(directory, index);
    const file = await open(path, "wx+", 0o600);
    try {
      await writeAll(file, MAGIC, 0);
      return new Segment(index, path, file, MAGIC.length);
    } catch (error) {
      await file.close();
      await unlink(path);
      throw error;
    }
  }

  /**
   * Opens one that an earlier life left, checks every record, and cuts it behind the last whole one.
   * @returns the segment with all of its batches unsettled, and the bytes that were cut off.
   */
  static async recover(directory: string, index: number): Promise<{ segment: Segment; cutBytes: number }> {
    const path = pathOf(directory, index);
    const file = await open(path, "r+");
    const { size } = await file.stat();
    const segment = new Segment(index, path, file, size);
    const header = Buffer.alloc(MAGIC.length);
    await file.read(header, 0, header.length, 0);
    let end = header.equals(MAGIC) ? MAGIC.length : 0;
    for (let isBroken = end === 0; !isBroken && end < size; ) {
      const page = await segment.read(end);
      segment.unsettled += page.batches.length;
      end = page.ends.at(-1) ?? end;
      isBroken = page.isBroken;
    }
    segment.unread = segment.unsettled;
    await segment.#cut(end);
    return { segment, cutBytes: size - end };
  }

  /**
   * Adds encoded records. What is written when the process dies in the middle of it is a prefix.
   * @param sync whether they must be on the medium when this returns.
   * @throws {Error} of the file system; then nothing was added.
   */
  async append(records: readonly Buffer[], sync: boolean): Promise<void> {
    const data = Buffer.concat(records);
    try {
      await writeAll(this.#file, data, this.bytes);
      if (sync) await this.#file.datasync();
    } catch (error) {
      // What cannot be cut off either is overwritten by the next attempt.
      await this.#file.truncate(this.bytes).catch(() => undefined);
      throw error;
    }
    this.bytes += data.length;
  }

  /** Reads whole batches from `at` on, at least one if there is one; about a mebibyte of them. */
  async read(at: number): Promise<Page> {
    let data = await this.#bytes(at, READ_BYTES);
    let finding = decodeRecord(data, 0);
    if (finding.kind === "partial" && finding.bytes > data.length) {
      data = await this.#bytes(at, finding.bytes);
      finding = decodeRecord(data, 0);
    }
    const batches: EncodedBatch[] = [];
    const ends: number[] = [];
    for (; finding.kind === "batch"; finding = decodeRecord(data, finding.end)) {
      batches.push(finding.batch);
      ends.push(at + finding.end);
    }
    const end = ends.at(-1) ?? at;
    // Nothing whole was found where more bytes should be, or the last bytes are not a whole record.
    const isTorn = end < this.bytes && (batches.length === 0 || at + data.length >= this.bytes);
    return { batches, ends, isBroken: finding.kind === "damaged" || isTorn };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async delete(): Promise<void> {
    await this.#file.close();
    await unlink(this.#path);
  }

  async #cut(end: number): Promise<void> {
    if (end < this.bytes) await this.#file.truncate(end);
    this.bytes = end;
  }

  async #bytes(at: number, bytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(bytes, this.bytes - at)));
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await this.#file.read(buffer, length, buffer.length - length, at + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  }
}

function pathOf(directory: string, index: number): string {
  return join(directory, `${String(index).padStart(10, "0")}.segment`);
}

/** One write may take less than it was given, as on a disk that is about to be full. */
async function writeAll(file: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const { bytesWritten } = await file.write(data, written, data.length - written, position + written);
    written += bytesWritten;
  }
}
