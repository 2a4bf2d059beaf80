/**
 * The format of PageMapView.runs, before compression: the blocks of all frames of [0, frames), run-length coded.
 *
 *   item   +-------------------------------------------+-------------+
 *          | order (bits 3 up) | state (1, 2) | many (0)| repeats - 2 |   x items, until all frames are covered
 *          +-------------------------------------------+-------------+
 *            varint                                      varint, if many
 *
 *   state  0 unknown or hole (order 0), 1 free, 2 allocated, 3 per-CPU: packages/domain/src/page/page-state.ts
 *
 * An item is one block of 2^order frames. Equal neighbours are always one item with repeats, so that equal maps have
 * equal bytes.
 */
import type { PageMap } from "../page/page-map.ts";
import { ORDERS_MAX, PageState } from "../page/page-state.ts";
import { VarintReader, VarintWriter } from "./varint.ts";
import { WireFormatError } from "./wire-format-error.ts";

/** Equal blocks, one behind the other. */
export interface PageMapRun {
  readonly first: number;
  /** Frames; a multiple of 2^order. */
  readonly count: number;
  readonly state: PageState;
  readonly order: number;
}

/** Encodes the whole map. O(map). */
export function encodePageMapRuns(map: PageMap): Uint8Array {
  const writer = new VarintWriter(4096);
  map.forEachRun((_first, frames, state, order) => {
    const repeats = frames / 2 ** order;
    writer.varint32((order << 3) | (state << 1) | (repeats > 1 ? 1 : 0));
    if (repeats > 1) writer.varint32(repeats - 2);
  });
  return writer.finish();
}

/**
 * The runs of a map of `frames` frames, in rising order without gaps.
 * @throws {WireFormatError} malformed, when the runs do not cover exactly `frames` frames; thrown while iterating.
 */
export function* pageMapRuns(bytes: Uint8Array, frames: number): Generator<PageMapRun, void, undefined> {
  const reader = new VarintReader(bytes);
  let first = 0;
  while (first < frames) {
    const head = reader.varint32();
    const repeats = (head & 1) === 1 ? reader.varint32() + 2 : 1;
    const state = ((head >>> 1) & 3) as PageState;
    const order = head >>> 3;
    if (order >= ORDERS_MAX || (state === PageState.Unknown && order !== 0)) {
      throw new WireFormatError("malformed", `there is no block of state ${state} and order ${order}`);
    }
    const count = repeats * 2 ** order;
    if (first + count > frames) throw new WireFormatError("malformed", `runs beyond the ${frames} frames announced`);
    yield { first, count, state, order };
    first += count;
  }
  reader.expectEnd();
}
