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

import { PageKernel, type PageMapForm, type TileSpan, type ZoneMemoryViews } from "../kernel/page-kernel.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { KnownState, PageStateSet } from "./page-state.ts";

/** The low bits of a block on a per-CPU list, as compact-map.c has it, are its order. */
const BLOCK_ORDER_BITS = 4;

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

  /** Words of a tile, but for what a compact map has of it elsewhere. */
  get #wordsPerTile(): number {
    return this.#memory.words.length / this.tiles;
  }

  /** How much it holds of its frames. */
  get form(): PageMapForm {
    return this.#kernel.form;
  }

  /** Blocks on per-CPU lists that a compact map had no room for: they are as if they were allocated. */
  get givenUp(): number {
    return this.#kernel.exports.given_up(this.#memory.address);
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

  /** Moves to a zone of another kernel of the same form, which may be larger: new frames are unknown. O(zone). */
  moveTo(kernel: PageKernel, zone: number, endPfn: number): void {
    const [from, memory, tiles] = [this.#kernel, this.#memory, this.tiles];
    this.#kernel = kernel;
    this.#memory = kernel.zones[zone];
    this.#endPfn = endPfn;
    for (let tile = 0; tile < tiles; tile++) {
      kernel.restoreTile(this.#memory, tile, from.saveTile(memory, tile));
      if (this.form === "compact" && from.exports.is_marked_observed(memory.address, tile)) this.markObserved(tile);
    }
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
    return this.#kernel.saveTile(this.#memory, tile);
  }

  /** Puts a saved tile back, with the counts that belong to it. */
  restoreTile(tile: number, saved: Int32Array): void {
    this.#kernel.restoreTile(this.#memory, tile, saved);
  }

  /** What {@link saveTile} gave, from its bytes. @throws {WireFormatError} malformed, when it cannot have. */
  imageOf(bytes: Uint8Array): Int32Array {
    const words = bytes.length / Int32Array.BYTES_PER_ELEMENT;
    const wordsMax = this.#wordsPerTile + (this.form === "base" ? 0 : 2 ** this.maxOrder);
    if (!Number.isInteger(words) || words < this.#wordsPerTile || words > wordsMax) {
      throw new WireFormatError("malformed", "a tile of another size");
    }
    // Node.js has a Buffer here, whose slice would be no copy.
    return new Int32Array(Uint8Array.from(bytes).buffer);
  }

  /** All of a tile has been described by the kernel: in a compact map, what is not free in it is allocated from now on. */
  markObserved(tile: number): void {
    this.#kernel.exports.mark_observed(this.#memory.address, tile);
  }

  /** From now on, events of the tile are told to the one who applies them. */
  keepTile(tile: number): void {
    this.#kernel.exports.keep_tile(this.#memory.address, tile);
  }

  /** Writes its tiles, little-endian as WebAssembly is, for {@link decode}. O(zone): a copy. */
  encode(into: StateWriter): void {
    const { words } = this.#memory;
    into.bytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    if (this.form === "base") return;
    const tiles = Array.from({ length: this.tiles }, (_, tile) => tile);
    const isObserved = (tile: number): number => this.#kernel.exports.is_marked_observed(this.#memory.address, tile);
    into.bytes(Uint8Array.from(tiles, isObserved));
    into.list(
      tiles.flatMap((tile) => [...this.saveTile(tile).subarray(this.#wordsPerTile)]),
      (block) => into.count(block >>> 0),
    );
  }

  /**
   * Takes over the tiles that {@link encode} wrote of a zone with the same bounds and form; to be called on a new one.
   * O(zone).
   * @throws {WireFormatError} malformed.
   */
  decode(from: StateReader): void {
    const bytes = from.bytes();
    if (bytes.length !== this.#memory.words.byteLength)
      throw new WireFormatError("malformed", "a zone of another size");
    const words = new Int32Array(Uint8Array.from(bytes).buffer);
    const isBase = this.form === "base";
    const observed = isBase ? new Uint8Array(0) : from.bytes();
    const blocks = isBase ? [] : from.list(() => from.count());
    let at = 0;
    for (let tile = 0; tile < this.tiles; tile++) {
      const own = words.subarray(tile * this.#wordsPerTile, (tile + 1) * this.#wordsPerTile);
      const first = at;
      while (at < blocks.length && blocks[at] / 2 ** (this.maxOrder + BLOCK_ORDER_BITS) < tile + 1) at++;
      this.restoreTile(tile, at === first ? own : Int32Array.from([...own, ...blocks.slice(first, at)]));
      if (observed[tile] === 1) this.markObserved(tile);
    }
    if (at < blocks.length) throw new WireFormatError("malformed", "a block behind the zone");
  }
}
