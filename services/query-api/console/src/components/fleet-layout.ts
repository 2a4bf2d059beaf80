/** Where the cells of a fleet lie: a block for each farm, its name above it, one square cell a node. */
export interface FleetBlock {
  readonly farm: string;
  /** Index of its first node among all. */
  readonly first: number;
  readonly count: number;
  /** Of its name; its cells begin HEAD_PX below. */
  readonly y: number;
}

export interface FleetLayout {
  readonly cellPx: number;
  readonly columns: number;
  readonly heightPx: number;
  readonly blocks: readonly FleetBlock[];
}

export const HEAD_PX = 22;
const GAP_PX = 8;
const CELL_MIN_PX = 8;
const CELL_MAX_PX = 34;
const AREA_HEIGHT_PX = 400;

/**
 * The largest cells that fit into a width and, where that is possible, a fixed height.
 * @param farms farms with their numbers of nodes, in order.
 */
export function layOutFleet(farms: readonly { farm: string; count: number }[], widthPx: number): FleetLayout {
  let cellPx = CELL_MAX_PX;
  while (cellPx > CELL_MIN_PX && heightOf(farms, cellPx, widthPx) > AREA_HEIGHT_PX) cellPx--;
  const columns = Math.max(1, Math.floor(widthPx / cellPx));
  let y = 0;
  let first = 0;
  const blocks = farms.map(({ farm, count }) => {
    const block = { farm, first, count, y };
    y += HEAD_PX + Math.ceil(count / columns) * cellPx + GAP_PX;
    first += count;
    return block;
  });
  return { cellPx, columns, heightPx: y, blocks };
}

function heightOf(farms: readonly { count: number }[], cellPx: number, widthPx: number): number {
  const columns = Math.max(1, Math.floor(widthPx / cellPx));
  return farms.reduce((sum, { count }) => sum + HEAD_PX + Math.ceil(count / columns) * cellPx + GAP_PX, 0);
}

/** Top left corner of a node's cell. */
export function cellAt(layout: FleetLayout, block: FleetBlock, index: number): { x: number; y: number } {
  const within = index - block.first;
  const { cellPx, columns } = layout;
  return { x: (within % columns) * cellPx, y: block.y + HEAD_PX + Math.floor(within / columns) * cellPx };
}

/** Index of the node under a point; -1 for none. */
export function nodeIndexAt(layout: FleetLayout, x: number, y: number): number {
  const block = layout.blocks.findLast((candidate) => candidate.y <= y);
  if (block === undefined) return -1;
  const column = Math.floor(x / layout.cellPx);
  const row = Math.floor((y - block.y - HEAD_PX) / layout.cellPx);
  const within = row * layout.columns + column;
  const isInside = column >= 0 && column < layout.columns && row >= 0 && within < block.count;
  return isInside ? block.first + within : -1;
}
