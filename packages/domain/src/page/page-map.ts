import { type KernelCounts, PageKernel, type PageMapForm } from "../kernel/page-kernel.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";
import { type BlockSample, keptTiles } from "./block-sample.ts";
import { type KnownState, ORDERS_MAX, orderOfByte, PageState, stateOfByte } from "./page-state.ts";
import { nextStates } from "./transitions.ts";
import { tileSpanOf, ZoneMap } from "./zone-map.ts";
import { segmentsOf, type ZonePlace, type ZoneSegment } from "./zone-segments.ts";

/** Told of each longest stretch of equal blocks, or of unknown frames (order 0), in rising order without gaps. */
export type PageRunVisitor = (first: number, frames: number, state: PageState, order: number) => void;

/** The most frames that all zones together may span: 4 TiB of 4 KiB pages, 512 MiB of map. */
export const MAP_FRAMES_MAX = 2 ** 30;

/** Tiles are a few words at least, and orders fit the four bits that the formats give them. */
const MAX_ORDER_LEAST = 4;
const MAX_ORDER_MOST = ORDERS_MAX - 1;

/**
 * Page state of a node: a {@link ZoneMap} for each memory zone. 128 KiB per GiB spanned, in the compact form 36.
 */
export class PageMap {
  readonly maxOrder: number;
  readonly form: PageMapForm;
  #places: readonly ZonePlace[] = [];
  #zones: readonly ZoneMap[] = [];
  #segments: readonly ZoneSegment[] = [];
  #nextStates: Uint8Array = nextStates(0);
  #kernel: PageKernel;
  #sample: BlockSample | null = null;
  #keptBlocks: readonly number[] = [];

  /** @param maxOrder largest order of a free block. @throws {WireFormatError} malformed, when it is not one of 4 .. 15. */
  constructor(maxOrder: number, form: PageMapForm = "base") {
    if (!(maxOrder >= MAX_ORDER_LEAST && maxOrder <= MAX_ORDER_MOST)) {
      throw new WireFormatError("malformed", `the largest order of a block is ${maxOrder}`);
    }
    this.maxOrder = maxOrder;
    this.form = form;
    this.#kernel = this.#kernelFor([]);
  }

  /** One map for each zone, in the order given to {@link setZones}. */
  get zones(): readonly ZoneMap[] {
    return this.#zones;
  }

  /** Which zone owns which frames, in rising order without overlap. */
  get segments(): readonly ZoneSegment[] {
    return this.#segments;
  }

  /** One more than the last frame of any zone. */
  get frames(): number {
    return this.#segments.at(-1)?.end ?? 0;
  }

  /**
   * Takes over where the zones of the host lie. What is known of frames stays known as long as some zone owns them; new
   * frames are unknown. Nothing when nothing changed, else O(map).
   * @returns false when zones did more than grow or appear, so that they had to be made anew.
   * @throws {WireFormatError} over-limit, when zones span more than MAP_FRAMES_MAX frames or end beyond 2^32.
   */
  setZones(places: readonly ZonePlace[]): boolean {
    const spanned = places.reduce((sum, place) => sum + place.spanned, 0);
    if (spanned > MAP_FRAMES_MAX || places.some((place) => endOf(place) > 2 ** 32)) {
      throw new WireFormatError("over-limit", `zones of ${spanned} frames`);
    }
    const known = places.map((place) => this.#places.findIndex((other) => isGrowthOf(place, other)));
    const onlyGrew = this.#places.every((_, at) => known.includes(at));
    if (onlyGrew && places.every((place, at) => isSamePlace(place, this.#places[at]))) return true;
    const kernel = this.#kernelFor(places);
    const zones = places.map((place, at) =>
      onlyGrew && known[at] >= 0
        ? this.#zones[known[at]]
        : new ZoneMap(place.startPfn, endOf(place), this.maxOrder, kernel, at),
    );
    const segments = segmentsOf(places, zones);
    if (onlyGrew && this.#segments.every((old) => segments.some((segment) => isWithin(old, segment)))) {
      places.forEach((place, at) => {
        if (known[at] >= 0) zones[at].moveTo(kernel, at, endOf(place));
      });
      this.#adopt(places, kernel, zones);
      return true;
    }
    this.#remake(places, kernel);
    return false;
  }

  /** Sets the state that each kind of event gives a block of each order: see nextStates in transitions.ts. */
  setNextStates(states: Uint8Array): void {
    this.#nextStates = states;
    this.#kernel.setNextStates(states);
  }

  /**
   * Applies events in ring order; those of a kind that does not exist are passed over. Adds how many there were of each
   * kind, and of each anomaly, to `counts`. 10 to 30 ns each, by how much of the map is in the CPU's caches.
   * @param onKept told of each event that was applied in a kept block, by its index.
   */
  apply(
    pfn: Uint32Array,
    kind: Uint8Array,
    order: Uint8Array,
    count: number,
    counts: KernelCounts,
    onKept: (index: number) => void = () => {},
  ): void {
    this.#kernel.apply(pfn, kind, order, count, counts, onKept);
  }

  /** From now on, events of the blocks that a sample keeps are told by {@link apply}. O(map / 1,024). */
  keep(sample: BlockSample): void {
    this.#sample = sample;
    this.#keptBlocks = this.#zones.map((zone) => {
      const kept = keptTiles(zone, sample);
      for (const tile of kept) zone.keepTile(tile);
      return kept.length;
    });
  }

  /** By zone: how many of its blocks of the largest order the sample given to {@link keep} keeps. */
  get keptBlocks(): readonly number[] {
    return this.#keptBlocks;
  }

  /** Number of the zone that a block of the largest order begins in, or else ends in; -1 when there is none. */
  zoneOfBlock(number: number): number {
    const first = number * 2 ** this.maxOrder;
    const segment = this.segmentAt(first) ?? this.segmentAt(first + 2 ** this.maxOrder - 1);
    return segment?.zoneIndex ?? -1;
  }

  /** The segment that holds a frame, or null. O(zones). */
  segmentAt(pfn: number): ZoneSegment | null {
    for (const segment of this.#segments) if (pfn >= segment.first && pfn < segment.end) return segment;
    return null;
  }

  /** The block that holds a frame; unknown outside of all zones. */
  blockAt(pfn: number): { state: PageState; order: number } {
    const byte = this.segmentAt(pfn)?.zone.blockAt(pfn) ?? 0;
    return { state: stateOfByte(byte), order: orderOfByte(byte) };
  }

  /** Visits all frames of [0, frames). O(map): about 3 us a tile of 1,024 frames. */
  forEachRun(visit: PageRunVisitor): void {
    const tile = new Uint8Array(2 ** this.maxOrder);
    let first = 0;
    let current = 0;
    const turn = (pfn: number, next: number): void => {
      if (next === current) return;
      if (pfn > first) visit(first, pfn - first, stateOfByte(current), orderOfByte(current));
      first = pfn;
      current = next;
    };
    let pfn = 0;
    for (const { first: start, end, zone } of this.#segments) {
      // What lies between two segments is a hole.
      if (start > pfn) turn(pfn, 0);
      for (pfn = start; pfn < end; ) {
        const number = zone.tileOf(pfn);
        const base = zone.tilePfn(number);
        const tileEnd = Math.min(end, base + tile.length);
        zone.expandTile(number, tile);
        while (pfn < tileEnd) {
          const byte = tile[pfn - base];
          turn(pfn, byte);
          pfn += 2 ** orderOfByte(byte);
        }
      }
    }
    turn(pfn, -1);
  }

  /** Writes where the zones lie and their tiles, for {@link decode}. */
  encode(into: StateWriter): void {
    into.list(this.#places, ({ name, numaNode, startPfn, spanned }) => {
      into.text(name);
      for (const value of [numaNode, startPfn, spanned]) into.count(value);
    });
    for (const zone of this.#zones) zone.encode(into);
  }

  /**
   * Takes over what {@link encode} wrote; to be called on a new one of the same largest order.
   * @throws {WireFormatError} malformed or over-limit.
   */
  decode(from: StateReader): void {
    this.setZones(
      from.list(() => ({
        name: from.text(),
        numaNode: from.count(),
        startPfn: from.count(),
        spanned: from.count(),
      })),
    );
    for (const zone of this.#zones) zone.decode(from);
  }

  #kernelFor(places: readonly ZonePlace[]): PageKernel {
    const spans = places.map((place) => tileSpanOf(place.startPfn, endOf(place), this.maxOrder));
    const kernel = new PageKernel(this.maxOrder, spans, this.form);
    kernel.setNextStates(this.#nextStates);
    return kernel;
  }

  #adopt(places: readonly ZonePlace[], kernel: PageKernel, zones: readonly ZoneMap[]): void {
    this.#places = places.map(({ name, numaNode, startPfn, spanned }) => ({ name, numaNode, startPfn, spanned }));
    this.#kernel = kernel;
    this.#zones = zones;
    this.#segments = segmentsOf(places, zones);
    for (const { first, end, zone } of this.#segments) kernel.addSegment(first, end - first, zone.memory);
    if (this.#sample !== null) this.keep(this.#sample);
  }

  /** Zones moved, shrank or went: everything known is copied, block by block, to whoever owns it now. */
  #remake(places: readonly ZonePlace[], kernel: PageKernel): void {
    const blocks: [first: number, frames: number, state: KnownState, order: number][] = [];
    this.forEachRun((first, frames, state, order) => {
      if (state !== PageState.Unknown) blocks.push([first, frames, state, order]);
    });
    const zones = places.map((place, at) => new ZoneMap(place.startPfn, endOf(place), this.maxOrder, kernel, at));
    this.#adopt(places, kernel, zones);
    for (const [first, frames, state, order] of blocks) {
      for (let pfn = first; pfn < first + frames; pfn += 2 ** order) this.#copyBlock(pfn, state, order);
    }
  }

  #copyBlock(pfn: number, state: KnownState, order: number): void {
    const segment = this.segmentAt(pfn);
    if (segment !== null && pfn + 2 ** order <= segment.end) {
      segment.zone.set(pfn, order, state);
      return;
    }
    for (let frame = pfn; frame < pfn + 2 ** order; frame++) this.segmentAt(frame)?.zone.set(frame, 0, state);
  }
}

function endOf(place: ZonePlace): number {
  return place.startPfn + place.spanned;
}

function isSamePlace(place: ZonePlace, old: ZonePlace | undefined): boolean {
  return old !== undefined && isGrowthOf(place, old) && place.spanned === old.spanned;
}

function isGrowthOf(place: ZonePlace, old: ZonePlace): boolean {
  return (
    place.name === old.name &&
    place.numaNode === old.numaNode &&
    place.startPfn === old.startPfn &&
    place.spanned >= old.spanned
  );
}

function isWithin(inner: ZoneSegment, outer: ZoneSegment): boolean {
  return inner.zone === outer.zone && inner.first >= outer.first && inner.end <= outer.end;
}
