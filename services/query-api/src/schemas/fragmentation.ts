import Type, { type Static } from "typebox";
import {
  Count,
  Coverage,
  Nullable,
  nodeStanding,
  period,
  periodParameters,
  ReplayParameter,
  Share,
  standing,
  TimeMs,
} from "./shared.ts";

export const UnusableIndex = Share(
  "Unusable free space index: (free pages - pages in free blocks of this order or above) / free pages; 0 when none is free.",
);

export const OrderMemory = Type.Object({
  order: Count("log2 of the block's pages."),
  freeBlocks: Count("Free blocks of exactly this order."),
  usablePages: Count("Pages in free blocks of this order and above."),
  unusableIndex: UnusableIndex,
  worstNode: Type.Optional(Type.String({ description: "Node whose index is the highest. Farms only." })),
  worstUnusableIndex: Type.Optional(UnusableIndex),
});
export type OrderMemory = Static<typeof OrderMemory>;

export const ZoneOrder = Type.Object({
  order: Count("log2 of the block's pages."),
  freeBlocks: Count("Free blocks, rebuilt from events."),
  buddyinfo: Nullable(Count("The kernel's own count at its last reading.")),
  unusableIndex: UnusableIndex,
});
export const ZoneMemory = Type.Object({
  zone: Type.String(),
  numaNode: Count("NUMA node."),
  managedPages: Count("Pages that the allocator manages."),
  freePages: Count("Pages in free blocks."),
  pcpPages: Count("Pages on per-CPU lists, rebuilt from events."),
  kernelPcpPages: Count("Pages on per-CPU lists at the kernel's last reading."),
  allocatedPages: Count("Pages handed out."),
  orders: Type.Array(ZoneOrder),
});
export type ZoneMemory = Static<typeof ZoneMemory>;

export const FragmentationQuery = Type.Object(
  {
    ...periodParameters,
    replay: ReplayParameter,
    order: Type.Optional(
      Type.String({ pattern: "^(huge|[0-9]{1,2})$", description: 'A number, or "huge": the order of a huge page.' }),
    ),
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: "Only this zone, e.g. Normal." })),
  },
  { additionalProperties: false },
);

export const FragmentationPoint = Type.Object({
  startMs: TimeMs("Start of the point."),
  freePages: Count("Free pages at the end of the point's last window; summed over nodes."),
  managedPages: Count("Managed pages, likewise."),
  freeBlocks: Count("Free blocks of exactly this order, likewise."),
  usablePages: Count("Pages in free blocks of this order and above, likewise."),
  unusableIndex: UnusableIndex,
  worstNode: Nullable(Type.String()),
  worstUnusableIndex: Nullable(UnusableIndex),
  farmFragmentationRate: Nullable(
    Type.Number({
      description: "1 - sum(pages in free blocks of orders 4..9 of zone Normal) / sum(managed pages). Farms only.",
    }),
  ),
  coverage: Coverage,
});
export type FragmentationPoint = Static<typeof FragmentationPoint>;

export const FarmFragmentationAnswer = Type.Object({
  ...standing,
  farm: Type.String(),
  order: Count("The order asked for."),
  zone: Nullable(Type.String()),
  ...period,
  points: Type.Array(FragmentationPoint, { description: "By start; steps without a closed window are absent." }),
});
export type FarmFragmentationAnswer = Static<typeof FarmFragmentationAnswer>;

export const NodeFragmentationAnswer = Type.Object({
  ...nodeStanding,
  zone: Nullable(Type.String()),
  hugeOrder: Count("Order of a huge page on this node."),
  ...period,
  series: Type.Array(
    Type.Object({
      order: Count("log2 of the block's pages."),
      points: Type.Array(
        Type.Object({
          startMs: TimeMs("Start of the point."),
          freeBlocks: Count("Free blocks of exactly this order."),
          freePages: Count("Free pages of any order."),
          usablePages: Count("Pages in free blocks of this order and above."),
          unusableIndex: UnusableIndex,
          coverage: Coverage,
        }),
      ),
    }),
    { description: "One for each order asked for, all orders by default." },
  ),
});
export type NodeFragmentationAnswer = Static<typeof NodeFragmentationAnswer>;

export const FreeBlocksAnswer = Type.Object({
  ...nodeStanding,
  observed: Type.Boolean({ description: "False until a full observation has been folded: then counts are partial." }),
  hugeOrder: Count("Order of a huge page on this node."),
  orders: Type.Array(OrderMemory, { description: "Summed over zones." }),
  zones: Type.Array(ZoneMemory),
});
export type FreeBlocksAnswer = Static<typeof FreeBlocksAnswer>;
