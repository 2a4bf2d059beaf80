import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import type { KnownState } from "./page-state.ts";
import type { ZoneMap } from "./zone-map.ts";

/** How many page events a journal may still take in; one for all zones of a node. */
export interface JournalBudget {
  eventsLeft: number;
}

/** A tile that page events changed while an observation runs. */
export interface TouchedTile {
  /** The tile before the first of `events`. */
  readonly image: Int32Array;
  /** Pairs of a tick and a packed block with its new state, in ring order: see {@link packChange}. */
  readonly events: number[];
  /** The budget was spent: events of this tile are missing here. */
  overflowed: boolean;
}

/**
 * What one zone must remember of page events for observations. While one runs: for each touched tile, how it was and
 * what happened since, so that the tile can be seen as it was when the kernel was asked. Always: how far back in time
 * events are settled by what the kernel said.
 */
export class ZoneJournal {
  readonly zone: ZoneMap;
  readonly #touched = new Map<number, TouchedTile>();
  /** By tile: events before this tick are part of the last observation. */
  readonly #settled: number[] = [];

  constructor(zone: ZoneMap) {
    this.zone = zone;
  }

  /** Takes down an event that is about to be applied. */
  note(pfn: number, order: number, state: KnownState, tick: number, budget: JournalBudget): void {
    const tile = this.zone.tileOf(pfn);
    let touched = this.#touched.get(tile);
    if (touched === undefined) {
      touched = { image: this.zone.saveTile(tile), events: [], overflowed: false };
      this.#touched.set(tile, touched);
    }
    if (budget.eventsLeft === 0) {
      touched.overflowed = true;
      return;
    }
    budget.eventsLeft--;
    touched.events.push(tick, packChange(pfn - this.zone.tilePfn(tile), order, state));
  }

  touchedTile(tile: number): TouchedTile | undefined {
    return this.#touched.get(tile);
  }

  /** Puts a touched tile back to how it was, but for its events before `tick`, which are applied again. */
  rewind(tile: number, touched: TouchedTile, tick: number): void {
    this.zone.restoreTile(tile, touched.image);
    this.#replay(tile, touched.events, (at) => at < tick);
  }

  /** Applies a touched tile's events from `tick` on again, and forgets those before. */
  resume(tile: number, touched: TouchedTile, tick: number): void {
    const events: number[] = [];
    for (let at = 0; at < touched.events.length; at += 2) {
      if (touched.events[at] >= tick) events.push(touched.events[at], touched.events[at + 1]);
    }
    if (events.length === 0) {
      this.#touched.delete(tile);
      return;
    }
    this.#touched.set(tile, { image: this.zone.saveTile(tile), events, overflowed: false });
    this.#replay(tile, events, () => true);
  }

  /** From now on, events of the tile before `tick` are settled. */
  settle(tile: number, tick: number): void {
    while (this.#settled.length <= tile) this.#settled.push(Number.NEGATIVE_INFINITY);
    this.#settled[tile] = tick;
  }

  /** True when an event is older than what the kernel said of its tile. */
  isSettled(pfn: number, tick: number): boolean {
    const tile = this.zone.tileOf(pfn);
    return tile < this.#settled.length && tick < this.#settled[tile];
  }

  /** The observation is over. */
  clear(): void {
    this.#touched.clear();
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.numbers(this.#settled);
    into.list(this.#touched, ([tile, { image, events, overflowed }]) => {
      into.count(tile);
      into.bytes(new Uint8Array(image.buffer, image.byteOffset, image.byteLength));
      into.numbers(events);
      into.flag(overflowed);
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    for (const tick of from.numbers()) this.#settled.push(tick);
    from.list(() => {
      const tile = from.count();
      const image = this.zone.imageOf(from.bytes());
      this.#touched.set(tile, { image, events: from.numbers(), overflowed: from.flag() });
    });
  }

  #replay(tile: number, events: readonly number[], wanted: (tick: number) => boolean): void {
    const base = this.zone.tilePfn(tile);
    for (let at = 0; at < events.length; at += 2) {
      if (!wanted(events[at])) continue;
      const change = events[at + 1];
      this.zone.set(base + changedFrame(change), changedOrder(change), changedState(change));
    }
  }
}

/**
 *   31        6 5      2 1     0
 *   +----------+--------+-------+
 *   | frame    | order  | state |   frame: from the tile's first
 *   +----------+--------+-------+
 */
function packChange(frame: number, order: number, state: KnownState): number {
  return (frame << 6) | (order << 2) | state;
}

export function changedFrame(change: number): number {
  return change >>> 6;
}

export function changedOrder(change: number): number {
  return (change >>> 2) & 15;
}

function changedState(change: number): KnownState {
  return (change & 3) as KnownState;
}
