/**
 * Which blocks of the largest order a sample keeps: by a hash of the block's number and a salt, so that everything in a
 * kept block is seen, whoever uses it. The same as is_kept of bpf/include/common.h.
 */
import { fnv1a } from "../partition.ts";
import type { ZoneMap } from "./zone-map.ts";

export interface BlockSample {
  /** One block in so many is kept; 0 and 1 keep all. */
  readonly keepOneIn: number;
  readonly salt: number;
}

/** Blocks whose owners are followed on every node: one in so many. */
export const OWNER_KEEP_ONE_IN = 32;

/** @param block number of the block: its first frame divided by its frames. */
export function isKeptBlock(block: number, { keepOneIn, salt }: BlockSample): boolean {
  return keepOneIn <= 1 || hashOf(block ^ salt) % keepOneIn === 0;
}

/** Numbers of the tiles that a sample keeps of a zone, in rising order: a tile is a block of the largest order. */
export function keptTiles(zone: ZoneMap, sample: BlockSample): number[] {
  const kept: number[] = [];
  for (let tile = 0; tile < zone.tiles; tile++) {
    if (isKeptBlock(zone.tilePfn(tile) / 2 ** zone.maxOrder, sample)) kept.push(tile);
  }
  return kept;
}

/** The salt of a node's owner sample in one boot: other nodes, and the same node after a boot, keep other blocks. */
export function ownerSalt(node: string, boot: string): number {
  return hashOf(fnv1a(`${node}/${boot}/owners`));
}

/** Finaliser of MurmurHash3 (public domain, Austin Appleby): hash_u32 of bpf/include/common.h. */
function hashOf(key: number): number {
  let hash = key ^ (key >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
