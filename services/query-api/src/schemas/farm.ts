import Type, { type Static } from "typebox";
import { OrderMemory, UnusableIndex } from "./fragmentation.ts";
import { LatencySummary } from "./latency.ts";
import { Balances, Count, Coverage, Nullable, ReplayParameter, standing, TimeMs } from "./shared.ts";

export const FarmSummary = Type.Object({
  farm: Type.String(),
  nodesOnline: Count("Nodes that spoke within the last 15 s of their partition's time."),
  nodesKnown: Count("Nodes that belong to it."),
  freePages: Count("Free pages, all nodes."),
  managedPages: Count("Managed pages, all nodes."),
  hugeOrder: Count("Order of a huge page."),
  unusableIndex: Type.Union([UnusableIndex, Type.Null()], { description: "At the huge-page order: the headline." }),
  worstNode: Nullable(Type.String({ description: "Node whose index is the highest." })),
  worstUnusableIndex: Nullable(UnusableIndex),
  farmFragmentationRate: Type.Number({
    description: "1 - sum(pages in free blocks of orders 4..9 of zone Normal) / sum(managed pages).",
  }),
  coverage: Coverage,
  windowStartMs: TimeMs("Start of the closed window that this is from."),
  windowWidthMs: Type.Integer({ description: "Width of that window in milliseconds." }),
  latency: Type.Array(LatencySummary, { description: "Quantiles 0.5, 0.95, 0.99 of each signal in that window." }),
});
export type FarmSummary = Static<typeof FarmSummary>;

export const FarmQuery = Type.Object({ replay: ReplayParameter }, { additionalProperties: false });

export const FarmsAnswer = Type.Object({ ...standing, farms: Type.Array(FarmSummary) });
export type FarmsAnswer = Static<typeof FarmsAnswer>;

export const FarmNodeLine = Type.Object({
  node: Type.String(),
  online: Type.Boolean(),
  unusableIndex: UnusableIndex,
  freePages: Count("Free pages."),
  managedPages: Count("Managed pages."),
  coverage: Coverage,
});

export const FarmAnswer = Type.Object({
  ...standing,
  ...FarmSummary.properties,
  contiguousPages: Count("Pages in free blocks of orders 4..9 of zone Normal."),
  orders: Type.Array(OrderMemory),
  partitionsUsed: Type.Array(Type.Integer(), { description: "Partitions that contributed." }),
  partitionsMissing: Type.Array(Type.Integer(), { description: "Partitions that did not, lowering coverage." }),
  balances: Balances,
  nodes: Type.Array(FarmNodeLine),
});
export type FarmAnswer = Static<typeof FarmAnswer>;
