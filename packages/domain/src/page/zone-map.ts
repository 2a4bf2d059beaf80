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
 */
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { bitCount, highestBit, lowestBit } from "./bits.ts";
import { ORDERS_MAX, PAGE_STATES, PageState, type PageStateSet } from "./page-state.ts";

/** A state that a block can be given. */
export type KnownState = Exclude<PageState, typeof PageState.Unknown>;

const NODES_PER_WORD_SHIFT = 4;
const LOW_BITS = 0x55555555;

/** The map described above. Frame numbers are absolute. */
export class ZoneMap {
  /** Largest order of a block; a tile is one such block. */
  readonly maxOrder: number;
  /** First frame, and the one behind the last. */
  readonly startPfn: number;
  #endPfn: number;
  /** Free blocks by order. */
  readonly freeBlocks = new Int32Array(ORDERS_MAX);
  /** Frames by state; those of Unknown are not counted. */
  readonly frames = new Int32Array(PAGE_STATES);
  readonly #firstTile: number;
  readonly #wordsShift: number;
  readonly #tileMask: number;
  #words: Int32Array;

  /** @param maxOrder 4 .. 15. All frames are unknown at first. */
  constructor(startPfn: number, endPfn: number, maxOrder: number) {
    this.maxOrder = maxOrder;
    this.startPfn = startPfn;
    this.#endPfn = endPfn;
    this.#firstTile = startPfn >>> maxOrder;
    this.#wordsShift = maxOrder + 1 - NODES_PER_WORD_SHIFT;
    this.#tileMask = 2 ** maxOrder - 1;
    this.#words = new Int32Array(this.tiles << this.#wordsShift);
  }

  get endPfn(): number {
    return this.#endPfn;
  }

  get tiles(): number {
    return Math.ceil(this.#endPfn / 2 ** this.maxOrder) - this.#firstTile;
  }

  /** Length of a tile, and of what {@link saveTile} returns. */
  get wordsPerTile(): number {
    return 1 << this.#wordsShift;
  }

  /** Number, within the zone, of the tile that holds `pfn`. */
  tileOf(pfn: number): number {
    return (pfn >>> this.maxOrder) - this.#firstTile;
  }

  /** First frame of a tile; may lie before `startPfn`. */
  tilePfn(tile: number): number {
    return (tile + this.#firstTile) * 2 ** this.maxOrder;
  }

  /** Extends the zone to `endPfn`; new frames are unknown. O(zone). */
  grow(endPfn: number): void {
    this.#endPfn = endPfn;
    const words = new Int32Array(this.tiles << this.#wordsShift);
    words.set(this.#words);
    this.#words = words;
  }

  /**
   * Makes the frames of the block at `pfn` one block of `order` in `state`, whatever they were; the rest of a larger
   * block that held them keeps its state, in halves. Free blocks coalesce. Applying it twice changes nothing more.
   * The block must be aligned to its order and lie in the zone.
   * @returns the states that its frames had.
   */
  set(pfn: number, order: number, state: KnownState): PageStateSet {
    const words = this.#words;
    const base = ((pfn >>> this.maxOrder) - this.#firstTile) << this.#wordsShift;
    const node = ((pfn & this.#tileMask) | (this.#tileMask + 1)) >>> order;
    const at = base + (node >>> NODES_PER_WORD_SHIFT);
    const shift = (node & 15) << 1;
    const word = words[at];
    const held = (word >>> shift) & 3;
    if (held === PageState.Unknown) return this.#setOther(base, node, order, state);
    if (held === state) return 1 << held;
    words[at] = word ^ ((held ^ state) << shift);
    this.frames[held] -= 1 << order;
    this.frames[state] += 1 << order;
    if (held === PageState.Free) this.freeBlocks[order]--;
    else if (state === PageState.Free) this.#coalesce(base, node, order);
    return 1 << held;
  }

  /**
   * Reads the word that {@link set} will look at first for each of the events [from, to). The reads do not wait for one
   * another, so the CPU fetches them from memory at the same time; frames of other zones are passed over.
   * @returns a number without meaning, which depends on every read, so that no compiler drops them.
   */
  prefetch(pfns: Uint32Array, orders: Uint8Array, from: number, to: number): number {
    const words = this.#words;
    const firstTile = this.#firstTile;
    const tileMask = this.#tileMask;
    let read = 0;
    for (let index = from; index < to; index++) {
      const pfn = pfns[index];
      const node = ((pfn & tileMask) | (tileMask + 1)) >>> orders[index];
      const at = (((pfn >>> this.maxOrder) - firstTile) << this.#wordsShift) + (node >>> NODES_PER_WORD_SHIFT);
      if (at >>> 0 < words.length) read |= words[at];
    }
    return read;
  }

  /** Makes the frames of the block at `pfn` unknown. */
  forget(pfn: number, order: number): void {
    this.set(pfn, order, PageState.Allocated);
    const node = ((pfn & this.#tileMask) | (this.#tileMask + 1)) >>> order;
    this.#flip(this.tileOf(pfn) << this.#wordsShift, node, PageState.Allocated);
    this.frames[PageState.Allocated] -= 1 << order;
  }

  /** State and order of the block that `pfn` lies in, as state + 4 x order; 0 when unknown. At most maxOrder + 1 steps. */
  blockAt(pfn: number): number {
    const base = this.tileOf(pfn) << this.#wordsShift;
    let node = (pfn & this.#tileMask) | (this.#tileMask + 1);
    for (let order = 0; node > 0; order++, node >>>= 1) {
      const held = this.#get(base, node);
      if (held !== PageState.Unknown) return held | (order << 2);
    }
    return 0;
  }

  /** Writes a tile's frames into `into`: state + 4 x order of the block each lies in, 0 where unknown. 1 to 3 us. */
  expandTile(tile: number, into: Uint8Array): void {
    const base = tile << this.#wordsShift;
    const words = this.#words;
    into.fill(0, 0, this.#tileMask + 1);
    for (let word = 0; word < this.wordsPerTile; word++) {
      let rest = words[base + word];
      while (rest !== 0) {
        const slot = lowestBit(rest) >>> 1;
        const node = (word << NODES_PER_WORD_SHIFT) | slot;
        const order = this.maxOrder - highestBit(node);
        const first = (node << order) & this.#tileMask;
        const byte = ((rest >>> (2 * slot)) & 3) | (order << 2);
        if (order === 0) into[first] = byte;
        else into.fill(byte, first, first + (1 << order));
        rest &= ~(3 << (2 * slot));
      }
    }
  }

  /** A copy of a tile, for {@link restoreTile}. */
  saveTile(tile: number): Int32Array {
    return this.#words.slice(tile << this.#wordsShift, (tile + 1) << this.#wordsShift);
  }

  /** Puts a saved tile back, with the counts that belong to it. */
  restoreTile(tile: number, saved: Int32Array): void {
    this.#tally(tile, -1);
    this.#words.set(saved, tile << this.#wordsShift);
    this.#tally(tile, 1);
  }

  /** Writes its tiles, little-endian as all machines that we run on, for {@link decode}. O(zone): a copy. */
  encode(into: StateWriter): void {
    into.bytes(new Uint8Array(this.#words.buffer, this.#words.byteOffset, this.#words.byteLength));
  }

  /**
   * Takes over the tiles that {@link encode} wrote of a zone with the same bounds; to be called on a new one. O(zone).
   * @throws {WireFormatError} malformed.
   */
  decode(from: StateReader): void {
    const bytes = from.bytes();
    if (bytes.length !== this.#words.byteLength) throw new WireFormatError("malformed", "a zone of another size");
    new Uint8Array(this.#words.buffer).set(bytes);
    for (let tile = 0; tile < this.tiles; tile++) this.#tally(tile, 1);
  }

  /** The block's own node is empty: a larger block holds it, smaller ones fill it, or its frames are unknown. */
  #setOther(base: number, node: number, order: number, state: KnownState): PageStateSet {
    let above = node >>> 1;
    let aboveOrder = order + 1;
    while (above > 0) {
      const held = this.#get(base, above);
      if (held !== PageState.Unknown) {
        if (held === PageState.Free && state === PageState.Free) return 1 << held;
        this.#split(base, above, aboveOrder, node, order, held);
        this.frames[held] -= 1 << order;
        this.#place(base, node, order, state);
        return 1 << held;
      }
      above >>>= 1;
      aboveOrder++;
    }
    const held = this.#clearBelow(base, node, order);
    this.#place(base, node, order, state);
    return held;
  }

  /** Replaces the block `above` by the halves that do not hold `node`, and leaves `node` empty. */
  #split(base: number, above: number, aboveOrder: number, node: number, order: number, held: number): void {
    this.#flip(base, above, held);
    for (let half = node; half !== above; half >>>= 1) this.#flip(base, half ^ 1, held);
    if (held !== PageState.Free) return;
    this.freeBlocks[aboveOrder]--;
    for (let half = order; half < aboveOrder; half++) this.freeBlocks[half]++;
  }

  /** Fills an empty node. */
  #place(base: number, node: number, order: number, state: KnownState): void {
    this.#flip(base, node, state);
    this.frames[state] += 1 << order;
    if (state === PageState.Free) this.#coalesce(base, node, order);
  }

  /** Counts the free block at `node`, after joining it with its buddy as long as that is free too. */
  #coalesce(base: number, start: number, startOrder: number): void {
    let node = start;
    let order = startOrder;
    while (node > 1 && this.#get(base, node ^ 1) === PageState.Free) {
      this.#flip(base, node, PageState.Free);
      this.#flip(base, node ^ 1, PageState.Free);
      this.freeBlocks[order]--;
      node >>>= 1;
      order++;
      this.#flip(base, node, PageState.Free);
    }
    this.freeBlocks[order]++;
  }

  /** Empties all nodes below `node`. @returns the states that were there. O(2^order / 16). */
  #clearBelow(base: number, node: number, order: number): PageStateSet {
    let found = 0;
    for (let depth = 1; depth <= order; depth++) {
      found |= this.#clearRange(base, node << depth, 1 << depth, order - depth);
    }
    return found;
  }

  /** Empties `count` nodes of one order, a power of two of them and so aligned to their count. */
  #clearRange(base: number, first: number, count: number, order: number): PageStateSet {
    const words = this.#words;
    if (count < 1 << NODES_PER_WORD_SHIFT) {
      const at = base + (first >>> NODES_PER_WORD_SHIFT);
      const mask = ((1 << (2 * count)) - 1) << (2 * (first & 15));
      const taken = words[at] & mask;
      words[at] &= ~mask;
      return taken === 0 ? 0 : this.#countNodes(taken, order, -1);
    }
    let found = 0;
    const start = base + (first >>> NODES_PER_WORD_SHIFT);
    const end = start + (count >>> NODES_PER_WORD_SHIFT);
    for (let at = start; at < end; at++) {
      if (words[at] === 0) continue;
      found |= this.#countNodes(words[at], order, -1);
      words[at] = 0;
    }
    return found;
  }

  /** Adds (sign 1) or takes (-1) the nodes of one word, all of one order, to or from the counts. */
  #countNodes(word: number, order: number, sign: 1 | -1): PageStateSet {
    const low = word & LOW_BITS;
    const high = (word >>> 1) & LOW_BITS;
    const free = bitCount(low & ~high);
    const allocated = bitCount(high & ~low);
    const perCpu = bitCount(low & high);
    this.freeBlocks[order] += sign * free;
    this.frames[PageState.Free] += sign * (free << order);
    this.frames[PageState.Allocated] += sign * (allocated << order);
    this.frames[PageState.PerCpu] += sign * (perCpu << order);
    return (
      (free > 0 ? 1 << PageState.Free : 0) |
      (allocated > 0 ? 1 << PageState.Allocated : 0) |
      (perCpu > 0 ? 1 << PageState.PerCpu : 0)
    );
  }

  #tally(tile: number, sign: 1 | -1): void {
    const base = tile << this.#wordsShift;
    // The first word holds nodes of orders maxOrder down to maxOrder - 3: the others hold one order each.
    for (let order = this.maxOrder; order > this.maxOrder - NODES_PER_WORD_SHIFT; order--) {
      const first = 1 << (this.maxOrder - order);
      const mask = ((1 << (2 * first)) - 1) << (2 * first);
      this.#countNodes(this.#words[base] & mask, order, sign);
    }
    for (let word = 1; word < this.wordsPerTile; word++) {
      const order = this.maxOrder - NODES_PER_WORD_SHIFT - highestBit(word);
      if (this.#words[base + word] !== 0) this.#countNodes(this.#words[base + word], order, sign);
    }
  }

  #get(base: number, node: number): number {
    return (this.#words[base + (node >>> NODES_PER_WORD_SHIFT)] >>> ((node & 15) << 1)) & 3;
  }

  /** Fills an empty node with `state`, or empties one that holds it. */
  #flip(base: number, node: number, state: number): void {
    this.#words[base + (node >>> NODES_PER_WORD_SHIFT)] ^= state << ((node & 15) << 1);
  }
}
