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
  make_zone(firstTile: number, tiles: number): number;
  add_segment(first: number, frames: number, zone: number): number;
  apply(count: number): void;
  set(zone: number, pfn: number, order: number, state: number): number;
  forget(zone: number, pfn: number, order: number): void;
  block_at(zone: number, pfn: number): number;
  expand_tile(zone: number, tile: number): void;
  tally(zone: number, tile: number, sign: number): void;
  decode_columns(length: number, count: number, baseTick: number): number;
  readonly [data: string]: unknown;
}

/** Index of each member in `struct zone`, in words of 32 bits. */
const ZONE_WORDS = 2;
const ZONE_FREE_BLOCKS = 3;
const ZONE_FRAMES = ZONE_FREE_BLOCKS + ORDERS_MAX;

/** Events of one call, as EVENTS_MAX in apply-events.c. */
const EVENTS_PER_CALL = 512;

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
  readonly exports: KernelExports;
  readonly zones: readonly ZoneMemoryViews[];
  readonly #pfn: Uint32Array;
  readonly #kind: Uint8Array;
  readonly #order: Uint8Array;
  readonly #kinds: Uint32Array;
  readonly #anomalies: Uint32Array;
  readonly #nextStates: Uint8Array;
  readonly #anomalyNumbers: Int8Array;
  readonly #expandedTile: Uint8Array;

  /** @throws {RangeError} when there is no memory for so many tiles. */
  constructor(maxOrder: number, spans: readonly TileSpan[]) {
    this.maxOrder = maxOrder;
    this.exports = instantiateKernel();
    this.exports.set_max_order(maxOrder);
    const addresses = spans.map(({ firstTile, tiles }) => this.exports.make_zone(firstTile, tiles));
    if (addresses.includes(0)) throw new RangeError("no memory for a page map");
    const { buffer } = this.exports.memory;
    const wordsPerTile = 2 ** maxOrder / 8;
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
   * kind, and of each anomaly, to `kinds` and `anomalies`.
   */
  apply(pfn: Uint32Array, kind: Uint8Array, order: Uint8Array, count: number, into: KernelCounts): void {
    for (let from = 0; from < count; from += EVENTS_PER_CALL) {
      const end = Math.min(count, from + EVENTS_PER_CALL);
      this.#pfn.set(pfn.subarray(from, end));
      this.#kind.set(kind.subarray(from, end));
      this.#order.set(order.subarray(from, end));
      this.exports.apply(end - from);
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
}

/** Counters that {@link PageKernel.apply} adds to. */
export interface KernelCounts {
  readonly kinds: Float64Array;
  readonly anomalies: Float64Array;
}
