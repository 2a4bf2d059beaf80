/**
 * How frames lie on the canvas. At zoom z >= 0 one pixel stands for 2^z frames; below, one frame is a square of 2^-z
 * pixels. Rows hold a whole number of 64 cells (16 where frames are squares), so that aligned blocks stay aligned.
 */
export interface Viewport {
  readonly zoom: number;
  /** Side of a cell in pixels. */
  readonly cellPx: number;
  /** log2 of the frames of a cell. */
  readonly scale: number;
  readonly columns: number;
  /** Rows that are seen. */
  readonly rows: number;
  /** Rows that there are. */
  readonly rowsAll: number;
}

/** Closest: a frame is a square of 16 pixels. */
export const ZOOM_MIN = -4;
const COLUMNS_UNIT = 64;
const CLOSE_COLUMNS_UNIT = 16;

export function viewportOf(frames: number, zoom: number, widthPx: number, heightPx: number): Viewport {
  const cellPx = 2 ** Math.max(0, -zoom);
  const scale = Math.max(0, zoom);
  const fitting = Math.floor(widthPx / cellPx);
  const unit = cellPx === 1 && fitting >= COLUMNS_UNIT ? COLUMNS_UNIT : CLOSE_COLUMNS_UNIT;
  const columns = Math.max(unit, Math.floor(fitting / unit) * unit);
  const rowsAll = Math.max(1, Math.ceil(frames / 2 ** scale / columns));
  return { zoom, cellPx, scale, columns, rows: Math.min(rowsAll, Math.floor(heightPx / cellPx)), rowsAll };
}

/** The closest zoom that still shows everything. */
export function zoomToFit(frames: number, widthPx: number, heightPx: number): number {
  let zoom = ZOOM_MIN;
  while (viewportOf(frames, zoom, widthPx, heightPx).rowsAll * 2 ** Math.max(0, -zoom) > heightPx) zoom++;
  return zoom;
}

/** The first row to show, so that it lies within the map. */
export function clampRow(row: number, viewport: Viewport): number {
  return Math.max(0, Math.min(viewport.rowsAll - viewport.rows, Math.round(row)));
}

/** Row of a frame that is `offset` frames behind the map's first. */
export const rowOf = (offset: number, { scale, columns }: Viewport): number =>
  Math.floor(offset / 2 ** scale / columns);

/** Frames behind the map's first that a point of the canvas stands for, from the first one of its cell on. */
export function offsetAt(xPx: number, yPx: number, topRow: number, viewport: Viewport): number {
  const column = Math.max(0, Math.min(viewport.columns - 1, Math.floor(xPx / viewport.cellPx)));
  const row = topRow + Math.floor(yPx / viewport.cellPx);
  return (row * viewport.columns + column) * 2 ** viewport.scale;
}
