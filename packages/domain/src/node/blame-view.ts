import { type Blame, BlameSchema, create, type Estimate, EstimateSchema, type OwnerMemory } from "@farmscope/proto";
import type { Interval } from "../page/estimate.ts";
import { TICK_NS } from "../time.ts";
import type { NodeFold } from "./node-fold.ts";

/** Most owners in a node's view: those that hold most. */
export const OWNERS_SHOWN_MAX = 16;

const NS_PER_US = 1000;

/** Who holds most of a node's memory, most first. Cost: the owners in the sample, not its frames. */
export function ownersToProto({ pages, cgroups }: NodeFold): OwnerMemory[] {
  return pages.owners(OWNERS_SHOWN_MAX).map(({ cgroup, pages: estimate }) => ({
    $typeName: "farmscope.view.v1.OwnerMemory",
    cgroup,
    path: cgroups.pathOf(cgroup),
    pages: estimateToProto(estimate),
  }));
}

/**
 * Who keeps blocks of an order from being free, as it stands in views; null when no owners are followed. Cost: one pass
 * over the frames of the sample.
 */
export function blameToProto({ pages, cgroups }: NodeFold, order: number): Blame | null {
  const blame = pages.blame(order);
  if (blame === null) return null;
  const us = (ticks: number): number => (ticks * TICK_NS) / NS_PER_US;
  return create(BlameSchema, {
    order: blame.order,
    keepOneIn: blame.keepOneIn,
    keptBlocks: blame.keptBlocks,
    pinnedBlocks: estimateToProto(blame.pinnedBlocks),
    freeBlocks: estimateToProto(blame.freeBlocks),
    owners: blame.owners.map((owner) => ({
      cgroup: owner.cgroup ?? 0,
      path: owner.cgroup === null ? "" : cgroups.pathOf(owner.cgroup),
      unknown: owner.cgroup === null,
      pages: estimateToProto(owner.pages),
      pinnedBlocks: estimateToProto(owner.pinnedBlocks),
      solelyPinnedBlocks: estimateToProto(owner.solelyPinnedBlocks),
      movableShare: owner.movableShare,
      ages: owner.ages.toProto(),
      oldestUs: us(owner.oldestTicks),
    })),
    blocks: blame.blocks.map((block) => ({
      firstPfn: block.first,
      pages: block.pages,
      unknownPages: block.unknownPages,
      movablePages: block.movablePages,
      oldestUs: us(block.oldestTicks),
      holders: block.holders.map(({ cgroup, pages: held }) => ({ cgroup, path: cgroups.pathOf(cgroup), pages: held })),
    })),
  });
}

function estimateToProto({ value, lower, upper }: Interval): Estimate {
  return create(EstimateSchema, { value, lower, upper });
}
