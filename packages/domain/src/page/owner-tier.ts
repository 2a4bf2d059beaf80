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

  constructor(frames: number) {
    this.owner = new Uint32Array(frames);
    this.tick = new Float64Array(frames);
    this.what = new Uint8Array(frames);
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
  readonly #blocks = new Map<number, OwnedBlock>();
  /** Frames that each owner is known to hold. */
  readonly #frames = new Map<number, number>();
  /** Lifetimes that ended since they were last taken. */
  #ended: Lifetime[] = [];

  /** @param maxOrder order of the blocks that are kept or not. */
  constructor(sample: BlockSample, maxOrder: number) {
    this.sample = sample;
    this.#shift = maxOrder;
  }

  /** What is known of a kept block, by its number; undefined when nothing is. */
  block(number: number): OwnedBlock | undefined {
    return this.#blocks.get(number);
  }

  /** Owners with the frames that they hold in kept blocks, in no particular order. */
  get frames(): ReadonlyMap<number, number> {
    return this.#frames;
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
    const block = this.#blockOf(first);
    const at = first & (2 ** this.#shift - 1);
    const owner = cgroup[index];
    const what = 1 + (migrateType[index] & 7) + 8 * order[index];
    block.owner.fill(owner, at, at + frames);
    block.tick.fill(tick[index], at, at + frames);
    block.what.fill(what, at, at + frames);
    this.#frames.set(owner, (this.#frames.get(owner) ?? 0) + frames);
  }

  /** Frames of which the kernel said that nobody holds them: what seemed to hold them had gone unseen. */
  forget(pfn: number): void {
    this.#release(pfn, 1, null);
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    const numbers = [...this.#blocks.keys()].sort((a, b) => a - b);
    into.list(numbers, (number) => {
      const { owner, tick, what } = this.#blocks.get(number)!;
      into.count(number);
      for (const column of [owner, tick, what]) {
        into.bytes(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
      }
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one of the same sample. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    from.list(() => {
      const block = new OwnedBlock(2 ** this.#shift);
      this.#blocks.set(from.count(), block);
      for (const column of [block.owner, block.tick, block.what]) {
        const bytes = from.bytes();
        if (bytes.length !== column.byteLength) throw new WireFormatError("malformed", "a block of another size");
        new Uint8Array(column.buffer).set(bytes);
      }
      for (let at = 0; at < block.what.length; at++) if (block.what[at] > 0) this.#add(block.owner[at], 1);
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
    const at = pfn & (2 ** this.#shift - 1);
    if (tick !== null && block.what[at] > 0) {
      // Times invert by microseconds: nothing is held for less than no time.
      this.#ended.push({ cgroup: block.owner[at], ticks: Math.max(0, tick - block.tick[at]) });
    }
    for (let frame = at; frame < at + frames; frame++) {
      if (block.what[frame] > 0) this.#add(block.owner[frame], -1);
    }
    block.what.fill(0, at, at + frames);
    // What nobody holds has no owner and no time: equal states have equal bytes.
    block.owner.fill(0, at, at + frames);
    block.tick.fill(0, at, at + frames);
  }

  #add(owner: number, frames: number): void {
    const held = (this.#frames.get(owner) ?? 0) + frames;
    if (held === 0) this.#frames.delete(owner);
    else this.#frames.set(owner, held);
  }
}
