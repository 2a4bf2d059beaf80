import { addFreeBlocks, freePagesOf, unusableFreeSpaceIndex, usablePagesOf } from "@farmscope/domain";
import type { ZoneMemory as ZoneView } from "@farmscope/proto";
import type { OrderMemory, ZoneMemory } from "../schemas/index.ts";
import { share } from "./number.ts";

/** Free memory by order, summed over zones or nodes. */
export interface FreeMemory {
  readonly managedPages: number;
  /** Free blocks by order, from 0. */
  readonly freeBlocks: readonly number[];
}

/** Sums over zones, of one node or of several; only over those called `zone` when one is given. */
export function freeMemoryOf(zones: readonly ZoneView[], zone?: string): FreeMemory {
  const freeBlocks: number[] = [];
  let managedPages = 0;
  for (const one of zones) {
    if (zone !== undefined && one.name !== zone) continue;
    managedPages += one.managed;
    addFreeBlocks(freeBlocks, one.freeBlocks);
  }
  return { managedPages, freeBlocks };
}

/** What free memory is worth to an allocation of `order`. */
export function orderMemory({ freeBlocks }: FreeMemory, order: number): OrderMemory {
  return {
    order,
    freeBlocks: freeBlocks[order] ?? 0,
    usablePages: usablePagesOf(freeBlocks, order),
    unusableIndex: share(unusableFreeSpaceIndex(freeBlocks, order)),
  };
}

/** The same for every order that the kernel has there. */
export function allOrders(memory: FreeMemory): OrderMemory[] {
  return memory.freeBlocks.map((_, order) => orderMemory(memory, order));
}

export const freePages = (memory: FreeMemory): number => freePagesOf(memory.freeBlocks);

/** A zone as the API shows it: the rebuilt blocks with the kernel's own beside them. */
export function zoneMemory(zone: ZoneView): ZoneMemory {
  return {
    zone: zone.name,
    numaNode: zone.numaNode,
    managedPages: zone.managed,
    freePages: zone.freePages,
    pcpPages: zone.pcpPages,
    kernelPcpPages: zone.kernelPcpPages,
    allocatedPages: zone.allocatedPages,
    orders: zone.freeBlocks.map((freeBlocks, order) => ({
      order,
      freeBlocks,
      buddyinfo: zone.buddyinfo[order] ?? null,
      unusableIndex: share(unusableFreeSpaceIndex(zone.freeBlocks, order)),
    })),
  };
}
