import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { BlockSample } from "./block-sample.ts";
import { type PageColumns, PageEventKind } from "./columns.ts";

/** Migrate type of pages that the kernel can move. Source: Linux 6.18, include/linux/mmzone.h, enum migratetype. */
export const MIGRATE_MOVABLE = 1;

/** How long a block of pages was held: from handed out to given back. */
export interface Lifetime {
  readonly cgroup: number;
  readonly ticks: number;
}

/**
 * Who holds the frames of one kept block, since when, and of which kind they are. Frames that were handed out before
 * anybody looked have no owner here. 13 bytes a frame.
 */
export class OwnedBlock {
  /** By frame: low 32 bits of the id of the cgroup that holds it. */
  readonly owner: Uint32Array;
  /** By frame: tick at which it was handed out. */
  readonly tick: Float64Array;
  /** By frame: 1 + migrate type + 8 x order of the block that it was handed out with; 0 when nobody is known to hold it. */
  readonly what: Uint8Array;
  /** Frames that each owner is known to hold. */
  readonly held = new Map<number, number>();

  constructor(frames: number) {
    this.owner = new Uint32Array(frames);
    this.tick = new Float64Array(frames);
    this.what = new Uint8Array(frames);
  }

  /** Frames [at, at + frames) are handed out. */
  take(at: number, frames: number, owner: number, tick: number, what: number): void {
    this.owner.fill(owner, at, at + frames);
    this.tick.fill(tick, at, at + frames);
    this.what.fill(what, at, at + frames);
    this.#hold(owner, frames);
  }

  /** Nobody holds frames [at, at + frames) any more. What nobody holds has no owner and no time. */
  release(at: number, frames: number): void {
    for (let frame = at; frame < at + frames; frame++) {
      if (this.what[frame] > 0) this.#hold(this.owner[frame], -1);
    }
    this.what.fill(0, at, at + frames);
    this.owner.fill(0, at, at + frames);
    this.tick.fill(0, at, at + frames);
  }

  encode(into: StateWriter): void {
    for (const { buffer } of [this.owner, this.tick, this.what]) into.bytes(new Uint8Array(buffer));
  }

  /** @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    for (const column of [this.owner, this.tick, this.what]) {
      const bytes = from.bytes();
      if (bytes.length !== column.byteLength) throw new WireFormatError("malformed", "a block of another size");
      new Uint8Array(column.buffer).set(bytes);
    }
    for (let at = 0; at < this.what.length; at++) if (this.what[at] > 0) this.#hold(this.owner[at], 1);
  }

  #hold(owner: number, frames: number): void {
    const held = (this.held.get(owner) ?? 0) + frames;
    if (held === 0) this.held.delete(owner);
    else this.held.set(owner, held);
  }
}

export function migrateTypeOf(what: number): number {
  return (what - 1) & 7;
}

/**
 * The owner tier of one node: owner, allocation time and migrate type of the frames in the blocks of a sample. Memory: 13
 * bytes for each frame of kept blocks that something was ever handed out of, 104 KiB per GiB at one block in 32.
 */
export class OwnerTier {
  readonly sample: BlockSample;
  readonly #shift: number;
  readonly #mask: number;
  readonly #blocks = new Map<number, OwnedBlock>();
  /** Lifetimes that ended since they were last taken. */
  #ended: Lifetime[] = [];

  /** @param maxOrder order of the blocks that are kept or not. */
  constructor(sample: BlockSample, maxOrder: number) {
    this.sample = sample;
    this.#shift = maxOrder;
    this.#mask = 2 ** maxOrder - 1;
  }

  /** What is known of a kept block, by its number; undefined when nothing is. */
  block(number: number): OwnedBlock | undefined {
    return this.#blocks.get(number);
  }

  /** Blocks of which anything is known, by their numbers, in no particular order. */
  get blocks(): ReadonlyMap<number, OwnedBlock> {
    return this.#blocks;
  }

  /** The lifetimes that ended since the last call. */
  takeEnded(): readonly Lifetime[] {
    const ended = this.#ended;
    if (ended.length > 0) this.#ended = [];
    return ended;
  }

  /** Takes an event of a kept block. */
  apply({ kind, pfn, order, tick, cgroup, migrateType }: PageColumns, index: number): void {
    const first = pfn[index];
    const frames = 1 << order[index];
    if (kind[index] !== PageEventKind.Alloc) {
      const free = kind[index] === PageEventKind.Free;
      this.#release(first, frames, free ? tick[index] : null);
      return;
    }
    this.#release(first, frames, null);
    const what = 1 + (migrateType[index] & 7) + 8 * order[index];
    this.#blockOf(first).take(first & this.#mask, frames, cgroup[index], tick[index], what);
  }

  /** Frames of which the kernel said that nobody holds them: what seemed to hold them had gone unseen. */
  forget(pfn: number): void {
    this.#release(pfn, 1, null);
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    const numbers = [...this.#blocks.keys()].sort((a, b) => a - b);
    into.list(numbers, (number) => {
      into.count(number);
      this.#blocks.get(number)!.encode(into);
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one of the same sample. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    from.list(() => {
      const block = new OwnedBlock(2 ** this.#shift);
      this.#blocks.set(from.count(), block);
      block.decode(from);
    });
  }

  #blockOf(pfn: number): OwnedBlock {
    const number = pfn >>> this.#shift;
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new OwnedBlock(2 ** this.#shift);
      this.#blocks.set(number, block);
    }
    return block;
  }

  /** @param tick when they were given back; null when that went by unseen. */
  #release(pfn: number, frames: number, tick: number | null): void {
    const block = this.#blocks.get(pfn >>> this.#shift);
    if (block === undefined) return;
    const at = pfn & this.#mask;
    if (tick !== null && block.what[at] > 0) {
      // Times invert by microseconds: nothing is held for less than no time.
      this.#ended.push({ cgroup: block.owner[at], ticks: Math.max(0, tick - block.tick[at]) });
    }
    block.release(at, frames);
  }
}
