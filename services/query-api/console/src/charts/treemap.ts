/** A rectangle of a treemap, in the unit of its area's sides. */
export interface Tile<T> {
  readonly item: T;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Lays out items as rectangles whose areas are their weights, as square as they come.
 * Source: Bruls, Huizing, van Wijk: Squarified Treemaps (2000).
 */
export function squarify<T>(
  items: readonly { readonly item: T; readonly weight: number }[],
  width: number,
  height: number,
): Tile<T>[] {
  const sorted = items.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const scale = total === 0 ? 0 : (width * height) / total;
  const tiles: Tile<T>[] = [];
  let free = { x: 0, y: 0, width, height };
  let row: { item: T; area: number }[] = [];
  for (const { item, weight } of sorted) {
    const next = { item, area: weight * scale };
    const side = Math.min(free.width, free.height);
    if (row.length > 0 && worst([...row, next], side) > worst(row, side)) {
      free = layRow(row, free, tiles);
      row = [];
    }
    row.push(next);
  }
  if (row.length > 0) layRow(row, free, tiles);
  return tiles;
}

/** Greatest ratio of sides in a row along a side. */
function worst(row: readonly { area: number }[], side: number): number {
  const sum = row.reduce((total, { area }) => total + area, 0);
  return row.reduce((most, { area }) => {
    const ratio = (side * side * area) / (sum * sum);
    return Math.max(most, ratio, 1 / ratio);
  }, 1);
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Lays a row along the shorter side. @returns what stays free. */
function layRow<T>(row: readonly { item: T; area: number }[], free: Area, tiles: Tile<T>[]): Area {
  const sum = row.reduce((total, { area }) => total + area, 0);
  const isUpright = free.width >= free.height;
  const side = isUpright ? free.height : free.width;
  const depth = side === 0 ? 0 : sum / side;
  let at = isUpright ? free.y : free.x;
  for (const { item, area } of row) {
    const length = depth === 0 ? 0 : area / depth;
    tiles.push(
      isUpright
        ? { item, x: free.x, y: at, width: depth, height: length }
        : { item, x: at, y: free.y, width: length, height: depth },
    );
    at += length;
  }
  return isUpright
    ? { x: free.x + depth, y: free.y, width: free.width - depth, height: free.height }
    : { x: free.x, y: free.y + depth, width: free.width, height: free.height - depth };
}
