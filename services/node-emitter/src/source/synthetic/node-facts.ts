import { create, type MemoryGauges, MemoryGaugesSchema, type NodeFacts, NodeFactsSchema } from "@farmscope/proto";
import { MAX_ORDER, PAGE_BLOCK_ORDER } from "./buddy.ts";
import { type PageAllocator, RESERVED_FRAMES } from "./page-allocator.ts";
import { PER_CPU_ORDER_MASK } from "./per-cpu-lists.ts";

const ZONE = "Normal";

/** What a real host would tell of itself. */
export function factsOf(id: string, cpus: number, startPfn: number, allocator: PageAllocator): NodeFacts {
  const present = allocator.presentFrames;
  return create(NodeFactsSchema, {
    hostname: id,
    nodeLabel: id,
    kernelRelease: "6.18.0-synthetic",
    architecture: "x86_64",
    source: "synthetic",
    cpus,
    pageSizeBytes: 4096,
    maxOrder: MAX_ORDER,
    hugeOrder: PAGE_BLOCK_ORDER,
    pcpOrderMask: PER_CPU_ORDER_MASK,
    zones: [{ name: ZONE, numaNode: 0, startPfn, spanned: allocator.frames, present, managed: managedOf(allocator) }],
    ram: [{ first: startPfn, count: present }],
  });
}

/** /proc/buddyinfo and the per-CPU counts of /proc/zoneinfo as they stand. */
export function gaugesOf(allocator: PageAllocator, tick: number): MemoryGauges {
  const zone = {
    name: ZONE,
    numaNode: 0,
    freeBlocks: [...allocator.buddy.freeBlocks],
    pcpPages: allocator.perCpuPages,
    managed: managedOf(allocator),
  };
  return create(MemoryGaugesSchema, { tick: BigInt(tick), zones: [zone] });
}

function managedOf(allocator: PageAllocator): number {
  return allocator.presentFrames - RESERVED_FRAMES;
}
