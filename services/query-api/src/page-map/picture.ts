import { ORDERS_MAX, PAGE_STATES, type PageMapRun, PageState } from "@farmscope/domain";
import { encode } from "fast-png";
import { classOf, paletteIndex, paletteOf, SHADE_SHARES, UNKNOWN_CLASS } from "./palette.ts";

/** Which frames a picture shows, and how: pixel i stands for 2^scale frames from first + i x 2^scale on. */
export interface PictureShape {
  readonly first: number;
  readonly count: number;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The shape of a picture of `count` frames.
 * @param scale asked for, or undefined: the smallest that fits `pixelsDefault`.
 */
export function shapeOf(
  span: { readonly first: number; readonly count: number },
  wanted: { readonly scale?: number | undefined; readonly width: number; readonly pixelsDefault: number },
): PictureShape {
  const scale = wanted.scale ?? Math.max(0, Math.ceil(Math.log2(span.count / wanted.pixelsDefault)));
  const cells = Math.ceil(span.count / 2 ** scale);
  const width = Math.min(wanted.width, Math.max(1, cells));
  return { ...span, scale, width, height: Math.max(1, Math.ceil(cells / width)) };
}

/**
 * Paints runs into palette indices, row by row. A pixel takes the class of the state that holds most of its frames (of
 * free frames, that of the order that holds most), in the shade of that state's share. Pixels behind the last frame are
 * unknown. O(runs + pixels).
 * @param runs in rising order without gaps, from anywhere at or before shape.first on.
 */
export function paint(runs: Iterable<PageMapRun>, shape: PictureShape): Uint8Array {
  const pixels = new Uint8Array(shape.width * shape.height).fill(paletteIndex(UNKNOWN_CLASS, 0));
  const framesPerPixel = 2 ** shape.scale;
  const end = shape.first + shape.count;
  const cell = new Cell();
  let pixel = 0;
  for (const run of runs) {
    if (run.first >= end) break;
    let at = Math.max(run.first, shape.first) - shape.first;
    const runEnd = Math.min(run.first + run.count, end) - shape.first;
    while (at < runEnd) {
      const cellEnd = Math.min((pixel + 1) * framesPerPixel, shape.count);
      const whole = Math.floor((runEnd - at) / framesPerPixel);
      if (cell.isEmpty && whole >= 1) {
        pixels.fill(paletteIndex(classOf(run.state, run.order), 0), pixel, pixel + whole);
        pixel += whole;
        at += whole * framesPerPixel;
        continue;
      }
      const frames = Math.min(runEnd, cellEnd) - at;
      cell.add(run.state, run.order, frames);
      at += frames;
      if (at === cellEnd) pixels[pixel++] = cell.take();
    }
  }
  return pixels;
}

/** The frames of one pixel, by state and order. */
class Cell {
  readonly #byState = new Float64Array(PAGE_STATES);
  readonly #freeByOrder = new Float64Array(ORDERS_MAX);
  #frames = 0;

  get isEmpty(): boolean {
    return this.#frames === 0;
  }

  add(state: PageState, order: number, frames: number): void {
    this.#frames += frames;
    this.#byState[state] += frames;
    if (state === PageState.Free) this.#freeByOrder[order] += frames;
  }

  /** The palette index, and the cell is empty again. */
  take(): number {
    const state = indexOfMax(this.#byState) as PageState;
    const order = state === PageState.Free ? indexOfMax(this.#freeByOrder) : 0;
    const share = this.#byState[state] / this.#frames;
    const shade = SHADE_SHARES.findIndex((least) => share >= least);
    this.#byState.fill(0);
    this.#freeByOrder.fill(0);
    this.#frames = 0;
    return paletteIndex(classOf(state, order), shade);
  }
}

function indexOfMax(values: Float64Array): number {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[found]) found = i;
  return found;
}

/** Weakest compression that still shrinks long runs: the picture is made while somebody waits. */
const DEFLATE_LEVEL = 1;

/** The picture as PNG with a palette. */
export function encodePicture(pixels: Uint8Array, shape: PictureShape, maxOrder: number): Uint8Array {
  const { width, height } = shape;
  const palette = paletteOf(maxOrder);
  return encode({ width, height, data: pixels, channels: 1, depth: 8, palette }, { zlib: { level: DEFLATE_LEVEL } });
}
