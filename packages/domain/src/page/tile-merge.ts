import { ObservationClass } from "../wire/observation-runs.ts";
import { highestBit, lowestBit } from "./bits.ts";
import { PageState, stateOfByte } from "./page-state.ts";
import type { ZoneMap } from "./zone-map.ts";

const CLASS_MASK = 7;
const ORDER_SHIFT = 3;

/** One tile as the model has it and as the kernel described it; indices of both count frames from the tile's first. */
export interface ObservedTile {
  readonly zone: ZoneMap;
  /** First frame of the tile. */
  readonly pfn: number;
  /** The model, as ZoneMap.expandTile writes it. */
  readonly model: Uint8Array;
  /** What the kernel said, as ObservationClass, valid in [first, end). */
  readonly observed: Uint8Array;
  readonly first: number;
  readonly end: number;
}

/** True when the kernel said that a frame is free. */
export function isObservedFree(observed: number): boolean {
  return (observed & CLASS_MASK) === ObservationClass.Buddy;
}

/**
 * Corrects the map by what the kernel said. Only frames that contradict it change:
 *
 *   kernel          contradicted by                  becomes
 *   buddy           any state but free               free
 *   no flags        free, unknown                    allocated, order 0 (per-CPU and allocated stay what they are)
 *   in use, tail    any state but allocated          allocated, order 0
 *   compound page   any but one allocated block      allocated, one block
 *   hole            any known state                  unknown
 */
export function mergeTile(tile: ObservedTile): void {
  for (let at = tile.first; at < tile.end; ) at = mergeAt(tile, at);
}

/** Corrects what begins at `at`. @returns where the next begins. */
function mergeAt(tile: ObservedTile, at: number): number {
  const { zone, pfn, model, observed } = tile;
  const state = stateOfByte(model[at]);
  switch (observed[at] & CLASS_MASK) {
    case ObservationClass.Buddy:
      return state === PageState.Free ? at + 1 : freeFrom(tile, at);
    case ObservationClass.NoFlags:
      if (state === PageState.Free || state === PageState.Unknown) zone.set(pfn + at, 0, PageState.Allocated);
      return at + 1;
    case ObservationClass.Hole:
      if (state !== PageState.Unknown) zone.forget(pfn + at, 0);
      return at + 1;
    default:
      break;
  }
  const order = wholePageOrder(tile, at);
  if (order > 0 || state !== PageState.Allocated) zone.set(pfn + at, order, PageState.Allocated);
  return at + 2 ** order;
}

/** Frees the stretch of frames that should be free and are not, in blocks as large as fit. @returns where it ends. */
function freeFrom(tile: ObservedTile, start: number): number {
  const { zone, pfn, model, observed } = tile;
  let end = start + 1;
  while (end < tile.end && isObservedFree(observed[end]) && stateOfByte(model[end]) !== PageState.Free) end++;
  for (let at = start; at < end; ) {
    const alignment = at === 0 ? zone.maxOrder : lowestBit(at);
    const order = Math.min(alignment, highestBit(end - at));
    zone.set(pfn + at, order, PageState.Free);
    at += 2 ** order;
  }
  return end;
}

/** Order of the compound page whose head is at `at`; 0 for all other frames, and where some tail is missing. */
function wholePageOrder(tile: ObservedTile, at: number): number {
  const { observed } = tile;
  if ((observed[at] & CLASS_MASK) !== ObservationClass.CompoundHead) return 0;
  const order = observed[at] >>> ORDER_SHIFT;
  const end = at + 2 ** order;
  if (end > tile.end || at % 2 ** order !== 0) return 0;
  for (let tail = at + 1; tail < end; tail++) {
    if ((observed[tail] & CLASS_MASK) !== ObservationClass.CompoundTail) return 0;
  }
  return order;
}
