import { Distribution } from "../distribution/distribution.ts";
import { slotOf } from "../distribution/slots.ts";
import { keptTiles } from "./block-sample.ts";
import { BlockSums, estimateTotal, type Interval, type StratumSums } from "./estimate.ts";
import { MIGRATE_MOVABLE, migrateTypeOf, type OwnedBlock, type OwnerTier } from "./owner-tier.ts";
import type { PageMap } from "./page-map.ts";
import { PageState, stateOfByte } from "./page-state.ts";
import type { ZoneMap } from "./zone-map.ts";

/** Most owners and pinned blocks that an answer names: those that pin most, and those that least holds. */
const OWNERS_MAX = 64;
const BLOCKS_MAX = 64;
const HOLDERS_MAX = 4;
const NS_PER_US = 1000;
const TICK_NS = 64;

/** One owner's part in what is not free. Pages that were handed out before anybody looked have no owner: cgroup is null. */
export interface BlamedOwner {
  readonly cgroup: number | null;
  readonly pages: Interval;
  /** Blocks of the order asked for that are not free, in which it holds a page. */
  readonly pinnedBlocks: Interval;
  /** Those of them in which nobody else does: free as soon as it lets go. */
  readonly solelyPinnedBlocks: Interval;
  /** Share of its pages that the kernel can move, 0 to 1. */
  readonly movableShare: number;
  /** Ages of its pages. */
  readonly ages: Distribution;
  readonly oldestTicks: number;
}

/** A block that is not free, and who keeps it from being so. */
export interface PinnedBlock {
  readonly first: number;
  /** Pages that are handed out in it, those of unknown owners, and those that can be moved. */
  readonly pages: number;
  readonly unknownPages: number;
  readonly movablePages: number;
  readonly oldestTicks: number;
  /** Its owners with the most pages, most first. */
  readonly holders: readonly { readonly cgroup: number; readonly pages: number }[];
}

/** Which blocks of an order are not free, by whose pages, how old, movable or not; from the blocks of the owner sample. */
export interface Blame {
  readonly order: number;
  readonly keepOneIn: number;
  readonly keptBlocks: number;
  readonly pinnedBlocks: Interval;
  readonly freeBlocks: Interval;
  /** Those that pin most blocks first. */
  readonly owners: readonly BlamedOwner[];
  /** Those with the fewest pages first: the nearest to being free. */
  readonly blocks: readonly PinnedBlock[];
}

/** What was counted of one owner in one stratum. */
interface OwnerCounts {
  readonly pages: BlockSums;
  readonly pinned: BlockSums;
  readonly solely: BlockSums;
}

interface Tally {
  readonly strata: OwnerCounts[];
  movable: number;
  pages: number;
  readonly ages: Distribution;
  oldestTicks: number;
}

/**
 * Who pins what.
 * @param order of the blocks that should be free, at most the map's largest.
 * @param nowTick ages are counted up to here.
 */
export function blameOf(map: PageMap, tier: OwnerTier, order: number, nowTick: number): Blame {
  const account = new BlameAccount(map, tier, Math.min(order, map.maxOrder), nowTick);
  for (const zone of map.zones) account.addZone(zone);
  return account.result();
}

class BlameAccount {
  readonly #map: PageMap;
  readonly #tier: OwnerTier;
  readonly #order: number;
  readonly #nowTick: number;
  readonly #tile: Uint8Array;
  readonly #owners = new Map<number | null, Tally>();
  readonly #pinned: BlockSums[] = [];
  readonly #free: BlockSums[] = [];
  #blocks: PinnedBlock[] = [];

  constructor(map: PageMap, tier: OwnerTier, order: number, nowTick: number) {
    this.#map = map;
    this.#tier = tier;
    this.#order = order;
    this.#nowTick = nowTick;
    this.#tile = new Uint8Array(2 ** map.maxOrder);
  }

  addZone(zone: ZoneMap): void {
    const kept = keptTiles(zone, this.#tier.sample);
    this.#pinned.push(new BlockSums(zone.tiles, kept.length));
    this.#free.push(new BlockSums(zone.tiles, kept.length));
    for (const tile of kept) this.#addTile(zone, tile, kept.length);
  }

  result(): Blame {
    const owners = [...this.#owners].map(([cgroup, tally]) => this.#ownerOf(cgroup, tally));
    owners.sort((a, b) => b.pinnedBlocks.value - a.pinnedBlocks.value || (a.cgroup ?? -1) - (b.cgroup ?? -1));
    return {
      order: this.#order,
      keepOneIn: this.#tier.sample.keepOneIn,
      keptBlocks: this.#pinned.reduce((sum, { kept }) => sum + kept, 0),
      pinnedBlocks: estimateTotal(this.#pinned),
      freeBlocks: estimateTotal(this.#free),
      owners: owners.slice(0, OWNERS_MAX),
      blocks: this.#nearest(),
    };
  }

  #addTile(zone: ZoneMap, number: number, kept: number): void {
    const first = zone.tilePfn(number);
    const owned = this.#tier.block(first >>> this.#map.maxOrder);
    zone.expandTile(number, this.#tile);
    const inTile = new Map<number | null, { pages: number; pinned: number; solely: number }>();
    let [pinned, free] = [0, 0];
    for (let at = 0; at < this.#tile.length; at += 2 ** this.#order) {
      const holders = this.#holdersOf(owned, at);
      if (holders === null) free++;
      if (holders === null || holders.size === 0) continue;
      pinned++;
      for (const [cgroup, pages] of holders) {
        const entry = inTile.get(cgroup) ?? { pages: 0, pinned: 0, solely: 0 };
        inTile.set(cgroup, entry);
        entry.pages += pages;
        entry.pinned++;
        if (holders.size === 1) entry.solely++;
      }
      this.#remember(first + at, owned, at, holders);
    }
    this.#pinned.at(-1)!.add(pinned);
    this.#free.at(-1)!.add(free);
    for (const [cgroup, entry] of inTile) {
      const counts = this.#countsOf(cgroup, zone, kept);
      counts.pages.add(entry.pages);
      counts.pinned.add(entry.pinned);
      counts.solely.add(entry.solely);
    }
  }

  /** Pages by owner in the block at `at`: null when all of it is free, empty when nothing of it is handed out. */
  #holdersOf(owned: OwnedBlock | undefined, at: number): Map<number | null, number> | null {
    const holders = new Map<number | null, number>();
    let free = 0;
    for (let frame = at; frame < at + 2 ** this.#order; frame++) {
      const state = stateOfByte(this.#tile[frame]);
      if (state === PageState.Free) free++;
      if (state !== PageState.Allocated) continue;
      const known = owned !== undefined && owned.what[frame] > 0;
      const cgroup = known ? owned.owner[frame] : null;
      holders.set(cgroup, (holders.get(cgroup) ?? 0) + 1);
      if (known) this.#age(cgroup, owned, frame);
    }
    return free === 2 ** this.#order ? null : holders;
  }

  #age(cgroup: number | null, owned: OwnedBlock, frame: number): void {
    const tally = this.#tallyOf(cgroup);
    const ticks = Math.max(0, this.#nowTick - owned.tick[frame]);
    const ageNs = ticks * TICK_NS;
    tally.ages.recordPairs({ slots: [slotOf(Math.floor(ageNs / NS_PER_US))], counts: [1] }, ageNs);
    tally.oldestTicks = Math.max(tally.oldestTicks, ticks);
    tally.pages++;
    if (migrateTypeOf(owned.what[frame]) === MIGRATE_MOVABLE) tally.movable++;
  }

  #remember(
    first: number,
    owned: OwnedBlock | undefined,
    at: number,
    holders: ReadonlyMap<number | null, number>,
  ): void {
    let [movablePages, oldestTicks] = [0, 0];
    for (let frame = at; owned !== undefined && frame < at + 2 ** this.#order; frame++) {
      if (owned.what[frame] === 0 || stateOfByte(this.#tile[frame]) !== PageState.Allocated) continue;
      if (migrateTypeOf(owned.what[frame]) === MIGRATE_MOVABLE) movablePages++;
      oldestTicks = Math.max(oldestTicks, this.#nowTick - owned.tick[frame]);
    }
    const known = [...holders].flatMap(([cgroup, pages]) => (cgroup === null ? [] : [{ cgroup, pages }]));
    known.sort((a, b) => b.pages - a.pages || a.cgroup - b.cgroup);
    const pages = [...holders.values()].reduce((sum, count) => sum + count, 0);
    const unknownPages = holders.get(null) ?? 0;
    this.#blocks.push({ first, pages, unknownPages, movablePages, oldestTicks, holders: known.slice(0, HOLDERS_MAX) });
    if (this.#blocks.length >= 16 * BLOCKS_MAX) this.#blocks = this.#nearest();
  }

  #nearest(): PinnedBlock[] {
    return this.#blocks.sort((a, b) => a.pages - b.pages || a.first - b.first).slice(0, BLOCKS_MAX);
  }

  #tallyOf(cgroup: number | null): Tally {
    let tally = this.#owners.get(cgroup);
    if (tally === undefined) {
      tally = { strata: [], movable: 0, pages: 0, ages: new Distribution(), oldestTicks: 0 };
      this.#owners.set(cgroup, tally);
    }
    return tally;
  }

  #countsOf(cgroup: number | null, zone: ZoneMap, kept: number): OwnerCounts {
    const { strata } = this.#tallyOf(cgroup);
    const stratum = this.#pinned.length - 1;
    strata[stratum] ??= {
      pages: new BlockSums(zone.tiles, kept),
      pinned: new BlockSums(zone.tiles, kept),
      solely: new BlockSums(zone.tiles, kept),
    };
    return strata[stratum];
  }

  #ownerOf(cgroup: number | null, { strata, movable, pages, ages, oldestTicks }: Tally): BlamedOwner {
    const of = (count: keyof OwnerCounts): Interval =>
      estimateTotal(this.#pinned.map((stratum, at): StratumSums => strata[at]?.[count] ?? emptyLike(stratum)));
    return {
      cgroup,
      pages: of("pages"),
      pinnedBlocks: of("pinned"),
      solelyPinnedBlocks: of("solely"),
      movableShare: pages === 0 ? 0 : movable / pages,
      ages,
      oldestTicks,
    };
  }
}

function emptyLike({ blocks, kept }: StratumSums): StratumSums {
  return new BlockSums(blocks, kept);
}
