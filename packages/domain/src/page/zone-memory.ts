import type { MemoryGauges, NodeFacts, ZoneMemory } from "@farmscope/proto";
import { externalFragmentationIndex, freePagesOf, unusableFreeSpaceIndex } from "./measures.ts";
import { PageState } from "./page-state.ts";
import type { ZoneMap } from "./zone-map.ts";

/** What the kernel said of a zone last. */
export type ZoneReading = MemoryGauges["zones"][number];

/**
 * A zone as views show it.
 * @param isSampled true while the map has seen only some of the events: free blocks are then the kernel's own count.
 */
export function zoneMemory(
  zone: NodeFacts["zones"][number],
  map: ZoneMap | null,
  reading: ZoneReading | null,
  isSampled: boolean,
): ZoneMemory {
  const managed = reading?.managed ?? zone.managed;
  const counted = isSampled && reading !== null ? reading : null;
  const freeBlocks = counted === null ? rebuiltBlocks(map) : [...counted.freeBlocks];
  const freePages = counted === null ? (map?.frames[PageState.Free] ?? 0) : freePagesOf(counted.freeBlocks);
  const pcpPages = counted === null ? (map?.frames[PageState.PerCpu] ?? 0) : counted.pcpPages;
  // A compact map does not count allocated frames, a sampled one not all: they are what is neither free nor on a list.
  const isCounted = map?.form === "base" && counted === null;
  return {
    $typeName: "farmscope.view.v1.ZoneMemory",
    name: zone.name,
    numaNode: zone.numaNode,
    managed,
    freePages,
    pcpPages,
    allocatedPages: isCounted ? map.frames[PageState.Allocated] : Math.max(0, managed - freePages - pcpPages),
    freeBlocks,
    buddyinfo: [...(reading?.freeBlocks ?? [])],
    unusableIndex: freeBlocks.map((_, order) => unusableFreeSpaceIndex(freeBlocks, order)),
    kernelPcpPages: reading?.pcpPages ?? 0,
    externalFragmentationIndex: freeBlocks.map((_, order) => externalFragmentationIndex(freeBlocks, order)),
    givenUp: BigInt(map?.givenUp ?? 0),
  };
}

function rebuiltBlocks(map: ZoneMap | null): number[] {
  return map === null ? [] : Array.from(map.freeBlocks.subarray(0, map.maxOrder + 1));
}
