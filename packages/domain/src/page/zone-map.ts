/**
 * The page map of one memory zone: which blocks its frames form, and the state of each block.
 *
 * Frames are held in tiles as large as the largest buddy block (1,024 frames on most kernels). A tile is a binary tree of
 * blocks with two bits a node, in heap order: node 1 is the whole tile, node n has the halves 2n and 2n + 1.
 *
 *   order 10            1                     word n >> 4 of the tile holds node n at bits 2 (n & 15):
 *   order  9       2         3                0 no block here   1 free   2 allocated   3 on a per-CPU list
 *   order  8     4   5     6   7
 *     …                                       block (pfn, order) is node (1024 | pfn & 1023) >> order
 *   order  0   1024  …          2047
 *
 * At most one node on each path from root to leaf is a block; a frame with none above it is unknown. So any frame's state
 * and order is found in at most 11 steps, most events change one word, and a tile takes 512 bytes: 128 KiB per GiB.
 * Free blocks are always coalesced as far as they go, as the buddy allocator does, which keeps counts by order equal to
 * /proc/buddyinfo. Since every zone has tiles of its own, blocks never coalesce across a zone's bounds.
 *
 * All work on tiles is done in ../kernel/zone-map.c.
 */

import { PageKernel, type TileSpan, type ZoneMemoryViews } from "../kernel/page-kernel.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { KnownState, PageStateSet } from "./page-state.ts";

/** A word of 32 bits has two bits for each of 16 nodes, of which a tile has twice as many as frames. */
const FRAMES_PER_WORD = 8;

/** The tiles that [startPfn, endPfn) touches. */
export function tileSpanOf(startPfn: number, endPfn: number, maxOrder: number): TileSpan {
  const firstTile = startPfn >>> maxOrder;
  return { firstTile, tiles: Math.ceil(endPfn / 2 ** maxOrder) - firstTile };
}

/** The map described above. Frame numbers are absolute. */
export class ZoneMap {
  /** Largest order of a block; a tile is one such block. */
  readonly maxOrder: number;
  /** First frame, and the one behind the last. */
  readonly startPfn: number;
  #endPfn: number;
  readonly #firstTile: number;
  #kernel: PageKernel;
  #memory: ZoneMemoryViews;

  /**
   * All frames are unknown at first.
   * @param maxOrder 4 .. 15.
   * @param kernel whose first zone this is to be; one for this zone alone unless given.
   */
  constructor(
    startPfn: number,
    endPfn: number,
    maxOrder: number,
    kernel: PageKernel = new PageKernel(maxOrder, [tileSpanOf(startPfn, endPfn, maxOrder)]),
    zone = 0,
  ) {
    this.maxOrder = maxOrder;
    this.startPfn = startPfn;
    this.#endPfn = endPfn;
    this.#firstTile = startPfn >>> maxOrder;
    this.#kernel = kernel;
    this.#memory = kernel.zones[zone];
  }

  get endPfn(): number {
    return this.#endPfn;
  }

  get tiles(): number {
    return tileSpanOf(this.startPfn, this.#endPfn, this.maxOrder).tiles;
  }

  /** Length of a tile, and of what {@link saveTile} returns. */
  get wordsPerTile(): number {
    return 2 ** this.maxOrder / FRAMES_PER_WORD;
  }

  /** Free blocks by order. A view. */
  get freeBlocks(): Int32Array {
    return this.#memory.freeBlocks;
  }

  /** Frames by state; those of Unknown are not counted. A view. */
  get frames(): Int32Array {
    return this.#memory.frames;
  }

  /** Its part of the kernel that holds it. */
  get memory(): ZoneMemoryViews {
    return this.#memory;
  }

  /** Number, within the zone, of the tile that holds `pfn`. */
  tileOf(pfn: number): number {
    return (pfn >>> this.maxOrder) - this.#firstTile;
  }

  /** First frame of a tile; may lie before `startPfn`. */
  tilePfn(tile: number): number {
    return (tile + this.#firstTile) * 2 ** this.maxOrder;
  }

  /** Moves to a zone of another kernel, which may be larger: new frames are unknown. O(zone). */
  moveTo(kernel: PageKernel, zone: number, endPfn: number): void {
    const { words, freeBlocks, frames } = this.#memory;
    this.#kernel = kernel;
    this.#memory = kernel.zones[zone];
    this.#memory.words.set(words);
    this.#memory.freeBlocks.set(freeBlocks);
    this.#memory.frames.set(frames);
    this.#endPfn = endPfn;
  }

  /**
   * Makes the frames of the block at `pfn` one block of `order` in `state`, whatever they were; the rest of a larger
   * block that held them keeps its state, in halves. Free blocks coalesce. Applying it twice changes nothing more.
   * The block must be aligned to its order and lie in the zone.
   * @returns the states that its frames had.
   */
  set(pfn: number, order: number, state: KnownState): PageStateSet {
    return this.#kernel.exports.set(this.#memory.address, pfn, order, state);
  }

  /** Makes the frames of the block at `pfn` unknown. */
  forget(pfn: number, order: number): void {
    this.#kernel.exports.forget(this.#memory.address, pfn, order);
  }

  /** State and order of the block that `pfn` lies in, as state + 4 x order; 0 when unknown. At most maxOrder + 1 steps. */
  blockAt(pfn: number): number {
    return this.#kernel.exports.block_at(this.#memory.address, pfn);
  }

  /** Writes a tile's frames into `into`: state + 4 x order of the block each lies in, 0 where unknown. 1 to 3 us. */
  expandTile(tile: number, into: Uint8Array): void {
    this.#kernel.expandTile(this.#memory, tile, into);
  }

  /** A copy of a tile, for {@link restoreTile}. */
  saveTile(tile: number): Int32Array {
    return this.#memory.words.slice(tile * this.wordsPerTile, (tile + 1) * this.wordsPerTile);
  }

  /** Puts a saved tile back, with the counts that belong to it. */
  restoreTile(tile: number, saved: Int32Array): void {
    this.#kernel.exports.tally(this.#memory.address, tile, -1);
    this.#memory.words.set(saved, tile * this.wordsPerTile);
    this.#kernel.exports.tally(this.#memory.address, tile, 1);
  }

  /** Writes its tiles, little-endian as WebAssembly is, for {@link decode}. O(zone): a copy. */
  encode(into: StateWriter): void {
    const { words } = this.#memory;
    into.bytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /**
   * Takes over the tiles that {@link encode} wrote of a zone with the same bounds; to be called on a new one. O(zone).
   * @throws {WireFormatError} malformed.
   */
  decode(from: StateReader): void {
    const bytes = from.bytes();
    const { words, address } = this.#memory;
    if (bytes.length !== words.byteLength) throw new WireFormatError("malformed", "a zone of another size");
    new Uint8Array(words.buffer, words.byteOffset, words.byteLength).set(bytes);
    for (let tile = 0; tile < this.tiles; tile++) this.#kernel.exports.tally(address, tile, 1);
  }
}
