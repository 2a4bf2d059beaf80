/**
 * What free memory is worth: measures over free blocks by order (index = order), each defined once. Over several zones
 * or nodes, add the blocks up first ({@link addFreeBlocks}): a ratio of sums, not a mean of ratios.
 */

/** Orders whose free blocks count as contiguous for the farm fragmentation rate, and the zone that they count in. */
export const CONTIGUOUS_ORDER_MIN = 4;
export const CONTIGUOUS_ORDER_MAX = 9;
export const CONTIGUOUS_ZONE = "Normal";

/** Adds `blocks` to `into`, which grows as needed. */
export function addFreeBlocks(into: number[], blocks: ArrayLike<number>): void {
  for (let order = 0; order < blocks.length; order++) into[order] = (into[order] ?? 0) + blocks[order];
}

/** Pages in all free blocks. */
export function freePagesOf(blocks: ArrayLike<number>): number {
  return usablePagesOf(blocks, 0);
}

/** Pages in free blocks of `order` and above: what an allocation of that order could use. */
export function usablePagesOf(blocks: ArrayLike<number>, order: number): number {
  let pages = 0;
  for (let at = order; at < blocks.length; at++) pages += blocks[at] * 2 ** at;
  return pages;
}

/**
 * Unusable free space index: share of free memory that an allocation of `order` cannot use, 0 (all of it can be used)
 * to 1. Source: Linux 6.18, mm/vmstat.c, unusable_free_index(), which prints it in thousandths.
 * @param whenNothingFree value where no memory is free. The kernel says 1, so that a full zone counts as unusable; 0, the
 * default, keeps zones without memory from looking fragmented.
 */
export function unusableFreeSpaceIndex(blocks: ArrayLike<number>, order: number, whenNothingFree: 0 | 1 = 0): number {
  const free = freePagesOf(blocks);
  return free === 0 ? whenNothingFree : (free - usablePagesOf(blocks, order)) / free;
}

/**
 * External fragmentation index: why an allocation of `order` would fail, towards 0 for lack of memory, towards 1 for
 * fragmentation. Its true range: -1 when it would not fail; 0 when nothing at all is free; else -1/2 up to below 1, where
 * only a single free block gives less than 0 (n blocks, each of at most half the pages asked for, give at least
 * 1/2 - 1/n). Source: Linux 6.18, mm/vmstat.c, __fragmentation_index(), which rounds to thousandths.
 */
export function externalFragmentationIndex(blocks: ArrayLike<number>, order: number): number {
  let count = 0;
  for (let at = 0; at < blocks.length; at++) count += blocks[at];
  if (count === 0) return 0;
  if (usablePagesOf(blocks, order) > 0) return -1;
  return 1 - (1 + freePagesOf(blocks) / 2 ** order) / count;
}

/** Pages in free blocks of orders 4 to 9: max_contig_pages of the farm fragmentation rate, for zone Normal. */
export function contiguousPagesOf(blocks: ArrayLike<number>): number {
  let pages = 0;
  for (let order = CONTIGUOUS_ORDER_MIN; order <= CONTIGUOUS_ORDER_MAX && order < blocks.length; order++) {
    pages += blocks[order] * 2 ** order;
  }
  return pages;
}

/**
 * Farm fragmentation rate: 1 - contiguous pages / all pages, 0 to 1. It rises with fullness too and leaves out order 10;
 * the unusable free space index is the better measure.
 * @param contiguousPages sum over the nodes of {@link contiguousPagesOf} their zones Normal.
 * @param totalPages sum over the nodes of their managed pages. 0 gives 0.
 */
export function farmFragmentationRate(contiguousPages: number, totalPages: number): number {
  return totalPages === 0 ? 0 : 1 - contiguousPages / totalPages;
}
