import { BlockSums, estimateTotal, type Interval } from "./estimate.ts";
import type { OwnerTier } from "./owner-tier.ts";
import type { PageMap } from "./page-map.ts";

/** What one cgroup holds of a node's memory, as far as its owner is known. */
export interface OwnerPages {
  readonly cgroup: number;
  readonly pages: Interval;
}

/**
 * The owners that hold most memory, most first, estimated from the blocks that are followed; each zone is a stratum.
 * Cost: owners of each block that is followed, not its frames.
 */
export function ownersOf(map: PageMap, tier: OwnerTier, ownersMax: number): OwnerPages[] {
  const strata = map.zones.map((zone, at) => ({ blocks: zone.tiles, kept: map.keptBlocks[at] ?? 0 }));
  const empty = (): BlockSums[] => strata.map(({ blocks, kept }) => new BlockSums(blocks, kept));
  const owners = new Map<number, BlockSums[]>();
  for (const [number, { held }] of tier.blocks) {
    const stratum = map.zoneOfBlock(number);
    if (stratum < 0) continue;
    for (const [cgroup, pages] of held) {
      const sums = owners.get(cgroup) ?? empty();
      owners.set(cgroup, sums);
      sums[stratum].add(pages);
    }
  }
  const most = [...owners].map(([cgroup, sums]) => ({ cgroup, pages: estimateTotal(sums) }));
  return most.sort((a, b) => b.pages.value - a.pages.value || a.cgroup - b.cgroup).slice(0, ownersMax);
}
