/**
 * The page kernel from TypeScript: one instance of the module that the C files beside this one are compiled to. Each
 * instance has a linear memory of its own, which ends at 4 GiB, goes with the object that holds it, and costs what of it
 * was ever written.
 */
import { PAGE_EVENT_KINDS } from "../page/columns.ts";
import { ORDERS_MAX, PAGE_STATES } from "../page/page-state.ts";
import { ANOMALY_NUMBERS, nextStates, PAGE_ANOMALIES, STATE_SETS } from "../page/transitions.ts";
import { PAGE_KERNEL_BASE64 } from "./page-kernel.gen.ts";

/** What the module exports; the C files say what each does. Addresses are in bytes. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  set_max_order(maxOrder: number): void;
  make_zone(firstTile: number, tiles: number, isCompact: number): number;
  keep_tile(zone: number, tile: number): void;
  mark_observed(zone: number, tile: number): void;
  is_marked_observed(zone: number, tile: number): number;
  given_up(zone: number): number;
  add_segment(first: number, frames: number, zone: number): number;
  apply(count: number): number;
  set(zone: number, pfn: number, order: number, state: number): number;
  forget(zone: number, pfn: number, order: number): void;
  block_at(zone: number, pfn: number): number;
  expand_tile(zone: number, tile: number): void;
  save_tile(zone: number, tile: number): number;
  restore_tile(zone: number, tile: number, length: number): void;
  decode_columns(length: number, count: number, baseTick: number): number;
  readonly [data: string]: unknown;
}

/** Index of each member in `struct zone`, in words of 32 bits. */
const ZONE_WORDS = 2;
const ZONE_FREE_BLOCKS = 5;
const ZONE_FRAMES = ZONE_FREE_BLOCKS + ORDERS_MAX;

/** Events of one call, as EVENTS_MAX in apply-events.c. */
const EVENTS_PER_CALL = 512;

/** Words of `tile_image` in zone-map.c. */
const TILE_IMAGE_WORDS = 3 * 2 ** (ORDERS_MAX - 2);

let compiled: WebAssembly.Module | null = null;

/** A new instance: its memory is its own, its code is everybody's. About 100 us. */
export function instantiateKernel(): KernelExports {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(PAGE_KERNEL_BASE64), (byte) => byte.charCodeAt(0)));
  return new WebAssembly.Instance(compiled).exports as unknown as KernelExports;
}

/** Address of exported data. */
export function addressOf(kernel: KernelExports, name: string): number {
  return (kernel[name] as WebAssembly.Global).value;
}

/**
 * How much a map holds of its frames: base, 128 KiB per GiB, or compact, at most 36 KiB per GiB, which gives up the orders
 * of allocated blocks: see compact-map.c.
 */
export type PageMapForm = "base" | "compact";

/** Frames that one word of 32 bits stands for: two bits for each of twice as many nodes, or one for each frame. */
const FRAMES_PER_WORD = 8;
const FRAMES_PER_WORD_COMPACT = 32;

/** Tiles of a compact map are whole words. */
function isCompactPossible(maxOrder: number): boolean {
  return 2 ** maxOrder >= FRAMES_PER_WORD_COMPACT;
}

/** Where a zone that is to be made lies, in tiles: blocks of the largest order. */
export interface TileSpan {
  readonly firstTile: number;
  readonly tiles: number;
}

/** Views of one zone's part of the memory. */
export interface ZoneMemoryViews {
  readonly address: number;
  /** Tiles one behind the other. */
  readonly words: Int32Array;
  readonly freeBlocks: Int32Array;
  readonly frames: Int32Array;
}

/** The page maps of the zones of one node, in the memory of one instance. Which zones there are is fixed. */
export class PageKernel {
  readonly maxOrder: number;
  readonly form: PageMapForm;
  readonly exports: KernelExports;
  readonly zones: readonly ZoneMemoryViews[];
  readonly #pfn: Uint32Array;
  readonly #kind: Uint8Array;
  readonly #order: Uint8Array;
  readonly #kinds: Uint32Array;
  readonly #anomalies: Uint32Array;
  readonly #nextStates: Uint8Array;
  readonly #anomalyNumbers: Int8Array;
  readonly #keptEvents: Uint16Array;
  readonly #expandedTile: Uint8Array;
  readonly #tileImage: Int32Array;

  /** @throws {RangeError} when there is no memory for so many tiles. */
  constructor(maxOrder: number, spans: readonly TileSpan[], form: PageMapForm = "base") {
    this.maxOrder = maxOrder;
    this.form = isCompactPossible(maxOrder) ? form : "base";
    const isCompact = this.form === "compact";
    this.exports = instantiateKernel();
    this.exports.set_max_order(maxOrder);
    const addresses = spans.map(({ firstTile, tiles }) => this.exports.make_zone(firstTile, tiles, isCompact ? 1 : 0));
    if (addresses.includes(0)) throw new RangeError("no memory for a page map");
    const { buffer } = this.exports.memory;
    const wordsPerTile = 2 ** maxOrder / (isCompact ? FRAMES_PER_WORD_COMPACT : FRAMES_PER_WORD);
    this.zones = addresses.map((address, at) => ({
      address,
      words: new Int32Array(buffer, new Int32Array(buffer, address)[ZONE_WORDS], spans[at].tiles * wordsPerTile),
      freeBlocks: new Int32Array(buffer, address + 4 * ZONE_FREE_BLOCKS, ORDERS_MAX),
      frames: new Int32Array(buffer, address + 4 * ZONE_FRAMES, PAGE_STATES),
    }));
    const data = (name: string): number => addressOf(this.exports, name);
    this.#pfn = new Uint32Array(buffer, data("event_pfn"), EVENTS_PER_CALL);
    this.#kind = new Uint8Array(buffer, data("event_kind"), EVENTS_PER_CALL);
    this.#order = new Uint8Array(buffer, data("event_order"), EVENTS_PER_CALL);
    this.#kinds = new Uint32Array(buffer, data("kind_counts"), PAGE_EVENT_KINDS);
    this.#anomalies = new Uint32Array(buffer, data("anomaly_counts"), PAGE_ANOMALIES);
    this.#nextStates = new Uint8Array(buffer, data("next_state"), PAGE_EVENT_KINDS * ORDERS_MAX);
    this.#anomalyNumbers = new Int8Array(buffer, data("anomaly_number"), PAGE_EVENT_KINDS * STATE_SETS);
    this.#keptEvents = new Uint16Array(buffer, data("kept_events"), EVENTS_PER_CALL);
    this.#tileImage = new Int32Array(buffer, data("tile_image"), TILE_IMAGE_WORDS);
    this.#expandedTile = new Uint8Array(buffer, data("expanded_tile"), 2 ** maxOrder);
    this.#anomalyNumbers.set(ANOMALY_NUMBERS);
    this.setNextStates(nextStates(0));
  }

  /** Adds frames that belong to a zone, behind all that were added before; see {@link apply}. */
  addSegment(first: number, frames: number, zone: ZoneMemoryViews): void {
    // A node's facts name far fewer zones than there is room for segments: see batch-limits.ts.
    if (this.exports.add_segment(first, frames, zone.address) === 0) throw new RangeError("no room for a segment");
  }

  /** Sets the state that each kind of event gives a block of each order: see nextStates in transitions.ts. */
  setNextStates(states: Uint8Array): void {
    this.#nextStates.set(states);
  }

  /**
   * Applies events in ring order; those of a kind that does not exist are passed over. Adds how many there were of each
   * kind, and of each anomaly, to `into`.
   * @param onKept told of each event that was applied in a kept tile, by its index, once all before it are applied.
   */
  apply(
    pfn: Uint32Array,
    kind: Uint8Array,
    order: Uint8Array,
    count: number,
    into: KernelCounts,
    onKept: (index: number) => void,
  ): void {
    for (let from = 0; from < count; from += EVENTS_PER_CALL) {
      const end = Math.min(count, from + EVENTS_PER_CALL);
      this.#pfn.set(pfn.subarray(from, end));
      this.#kind.set(kind.subarray(from, end));
      this.#order.set(order.subarray(from, end));
      const kept = this.exports.apply(end - from);
      for (let at = 0; at < kept; at++) onKept(from + this.#keptEvents[at]);
    }
    for (let at = 0; at < into.kinds.length; at++) into.kinds[at] += this.#kinds[at];
    for (let at = 0; at < into.anomalies.length; at++) into.anomalies[at] += this.#anomalies[at];
    this.#kinds.fill(0);
    this.#anomalies.fill(0);
  }

  /** Writes a tile's frames into `into`: state + 4 x order of the block each lies in, 0 where unknown. 1 to 2 us. */
  expandTile(zone: ZoneMemoryViews, tile: number, into: Uint8Array): void {
    this.exports.expand_tile(zone.address, tile);
    into.set(this.#expandedTile);
  }

  /** A copy of a tile, for {@link restoreTile}. */
  saveTile(zone: ZoneMemoryViews, tile: number): Int32Array {
    return this.#tileImage.slice(0, this.exports.save_tile(zone.address, tile));
  }

  /** Puts a saved tile back, with the counts that belong to it. @param image of a tile of the same form and order. */
  restoreTile(zone: ZoneMemoryViews, tile: number, image: Int32Array): void {
    this.#tileImage.set(image);
    this.exports.restore_tile(zone.address, tile, image.length);
  }
}

/** Counters that {@link PageKernel.apply} adds to. */
export interface KernelCounts {
  readonly kinds: Float64Array;
  readonly anomalies: Float64Array;
}
