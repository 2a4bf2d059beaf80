import { pixelColours } from "./paint.ts";
import type { PaintedMap } from "./use-page-map.ts";
import type { Viewport } from "./viewport.ts";

/** Draws the visible rows of a picture. O(pixels seen). */
export function drawMap(canvas: HTMLCanvasElement, painted: PaintedMap, viewport: Viewport, topRow: number): void {
  const { columns, rows, cellPx } = viewport;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const image = new ImageData(columns, rows);
  const words = new Uint32Array(image.data.buffer);
  const colours = pixelColours(painted.entries.map((entry) => entry.colour));
  const { pixels } = painted;
  const from = topRow * columns;
  const length = Math.min(words.length, pixels.length - from);
  for (let i = 0; i < length; i++) words[i] = colours[pixels[from + i] as number] as number;
  resize(canvas, columns * cellPx, rows * cellPx);
  if (cellPx === 1) {
    context.putImageData(image, 0, 0);
    return;
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (cellPx >= 8) drawGrid(context, viewport);
}

function drawGrid(context: CanvasRenderingContext2D, { columns, rows, cellPx }: Viewport): void {
  context.fillStyle = "rgb(0 0 0 / 25%)";
  for (let column = 1; column < columns; column++) context.fillRect(column * cellPx - 1, 0, 1, rows * cellPx);
  for (let row = 1; row < rows; row++) context.fillRect(0, row * cellPx - 1, columns * cellPx, 1);
}

/** A frame around a cell, seen on every colour. */
export function drawCursor(canvas: HTMLCanvasElement, offset: number, viewport: Viewport, topRow: number): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const cell = Math.floor(offset / 2 ** viewport.scale);
  const row = Math.floor(cell / viewport.columns) - topRow;
  if (row < 0 || row >= viewport.rows) return;
  const side = Math.max(viewport.cellPx, 7);
  const x = (cell % viewport.columns) * viewport.cellPx + (viewport.cellPx - side) / 2;
  const y = row * viewport.cellPx + (viewport.cellPx - side) / 2;
  context.lineWidth = 3;
  context.strokeStyle = "#000000";
  context.strokeRect(x, y, side, side);
  context.lineWidth = 1;
  context.strokeStyle = "#ffffff";
  context.strokeRect(x, y, side, side);
}

/** The whole map in a narrow strip: a row of the strip has the colour of what lies at its height. */
export function drawStrip(canvas: HTMLCanvasElement, painted: PaintedMap, heightPx: number): void {
  const widthPx = 12;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const image = new ImageData(widthPx, heightPx);
  const words = new Uint32Array(image.data.buffer);
  const colours = pixelColours(painted.entries.map((entry) => entry.colour));
  const { pixels } = painted;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = Math.floor(((y + x / widthPx) / heightPx) * pixels.length);
      words[y * widthPx + x] = colours[pixels[at] as number] as number;
    }
  }
  resize(canvas, widthPx, heightPx);
  context.putImageData(image, 0, 0);
}

function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
