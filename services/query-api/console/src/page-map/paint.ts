import type { RunColumns } from "./columns.ts";

/** Classes that a picture tells apart at most; the last one is for frames that no run covers. */
export const CLASSES_MAX = 64;
export const UNCOVERED = CLASSES_MAX - 1;

/**
 * How sure a pixel is of its class: 0 all of its frames, 1 three quarters, 2 half, 3 less. Two bits beside the class's
 * six in each byte of a picture.
 */
export const PURITIES = 4;

/** Which frames a picture shows: pixel i stands for 2^scale frames from first + i x 2^scale on. */
export interface PictureSpan {
  readonly first: number;
  readonly count: number;
  readonly scale: number;
}

/** Byte of a pixel: class in the low six bits, purity above. */
export const pixelOf = (pageClass: number, purity: number): number => (purity << 6) | pageClass;

/**
 * Paints runs into one byte a pixel; a pixel takes the class that most of its frames have. O(runs + pixels).
 * @param classes class of each run, below CLASSES_MAX.
 */
export function paintRuns(runs: RunColumns, classes: Uint8Array, span: PictureSpan): Uint8Array<ArrayBuffer> {
  const framesPerPixel = 2 ** span.scale;
  const pixels = new Uint8Array(Math.ceil(span.count / framesPerPixel)).fill(pixelOf(UNCOVERED, 0));
  const { first, count } = runs;
  const end = span.first + span.count;
  const mixed = new Mixture();
  for (let run = firstRunFrom(runs, span.first); run < first.length; run++) {
    const runFirst = Math.max(first[run] as number, span.first);
    const runEnd = Math.min((first[run] as number) + (count[run] as number), end);
    if (runFirst >= end) break;
    const pageClass = classes[run] as number;
    let pixel = Math.floor((runFirst - span.first) / framesPerPixel);
    const lastPixel = Math.floor((runEnd - 1 - span.first) / framesPerPixel);
    let at = runFirst;
    while (pixel <= lastPixel) {
      const pixelEnd = Math.min(span.first + (pixel + 1) * framesPerPixel, end);
      const pixelFirst = span.first + pixel * framesPerPixel;
      if (at === pixelFirst && runEnd >= pixelEnd) {
        const whole = Math.max(1, Math.floor((runEnd - at) / framesPerPixel));
        pixels.fill(pixelOf(pageClass, 0), pixel, pixel + whole);
        pixel += whole;
        at = Math.min(runEnd, span.first + pixel * framesPerPixel);
        continue;
      }
      const frames = Math.min(runEnd, pixelEnd) - at;
      mixed.add(pixel, pageClass, frames, pixels);
      at += frames;
      pixel++;
    }
  }
  mixed.settle(pixels);
  return pixels;
}

function firstRunFrom({ first, count }: RunColumns, frame: number): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((first[middle] as number) + (count[middle] as number) <= frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Frames of the one pixel that is being filled by several runs, by class. */
class Mixture {
  readonly #frames = new Float64Array(CLASSES_MAX);
  #pixel = -1;
  #total = 0;

  add(pixel: number, pageClass: number, frames: number, pixels: Uint8Array): void {
    if (pixel !== this.#pixel) {
      this.settle(pixels);
      this.#pixel = pixel;
    }
    this.#frames[pageClass] = (this.#frames[pageClass] as number) + frames;
    this.#total += frames;
  }

  settle(pixels: Uint8Array): void {
    if (this.#pixel < 0) return;
    let most = 0;
    for (let i = 1; i < CLASSES_MAX; i++) if ((this.#frames[i] as number) > (this.#frames[most] as number)) most = i;
    const share = (this.#frames[most] as number) / this.#total;
    pixels[this.#pixel] = pixelOf(most, share >= 0.95 ? 0 : share >= 0.75 ? 1 : share >= 0.5 ? 2 : 3);
    this.#frames.fill(0);
    this.#total = 0;
    this.#pixel = -1;
  }
}

/** How far each purity is on the way to the colour of mixtures. Source: services/query-api/src/page-map/palette.ts. */
const PURITY_MIX = [0, 0.25, 0.5, 0.85] as const;
const MIXED = [0x8a, 0x8a, 0x8a] as const;

/** Colours by pixel byte, as a canvas's pixels are in memory on little-endian machines: alpha, blue, green, red. */
export function pixelColours(colours: readonly string[]): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const hex = colours[byte & (CLASSES_MAX - 1)] ?? "#1c1f26";
    const mix = PURITY_MIX[byte >> 6] as number;
    const [red, green, blue] = [1, 3, 5].map((at, channel) => {
      const pure = Number.parseInt(hex.slice(at, at + 2), 16);
      return Math.round(pure + ((MIXED[channel] as number) - pure) * mix);
    }) as [number, number, number];
    table[byte] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return table;
}
