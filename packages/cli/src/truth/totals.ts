import { joinedBlocks, type KernelTotals } from "./kernel-totals.ts";
import { FrameState } from "./node-batches.ts";

/** Blocks of one order below which a difference says nothing as a share. */
export const SMALL_BLOCKS = 4;

/** How the rebuilt totals differ from what the kernel counts. */
export interface TotalErrors {
  /** Frames on per-CPU lists by the model and by the kernel. */
  readonly pcpTotal: number;
  readonly pcpTotalKernel: number;
  /** Greatest difference of a zone's free blocks of one order, as a share; differences of at most SMALL_BLOCKS are 0. */
  readonly buddyMaxError: number;
  /** Greatest difference of a zone's unusable free space index of any order. */
  readonly unusableMaxError: number;
}

/** @param state one FrameState a frame, as it was when the totals were read. */
export function totalErrors(state: Uint8Array, kernel: KernelTotals): TotalErrors {
  let pcpTotal = 0;
  for (const value of state) if (value === FrameState.PerCpu) pcpTotal++;
  let buddyMaxError = 0;
  let unusableMaxError = 0;
  for (const zone of kernel.zones) {
    const rebuilt = joinedBlocks((pfn) => state[pfn] === FrameState.Free, zone);
    zone.freeBlocks.forEach((blocks, order) => {
      const apart = Math.abs(blocks - rebuilt[order]!);
      if (apart > SMALL_BLOCKS) buddyMaxError = Math.max(buddyMaxError, apart / Math.max(blocks, 1));
      const unusable = Math.abs(unusableIndex(zone.freeBlocks, order) - unusableIndex(rebuilt, order));
      unusableMaxError = Math.max(unusableMaxError, unusable);
    });
  }
  return { pcpTotal, pcpTotalKernel: kernel.pcpPages, buddyMaxError, unusableMaxError };
}

/** Source: unusable_free_index(), mm/vmstat.c, Linux 6.18; a zone without free memory counts as wholly unusable. */
function unusableIndex(blocks: readonly number[], order: number): number {
  const pages = (from: number): number =>
    blocks.reduce((sum, count, at) => (at < from ? sum : sum + count * 2 ** at), 0);
  const free = pages(0);
  return free === 0 ? 1 : (free - pages(order)) / free;
}
