/**
 * FNV-1a, 32 bits, over the UTF-8 bytes of a text. Source: Fowler, Noll, Vo; draft-eastlake-fnv-21, section 2.
 */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The partition of a node, or the merging partition of a farm, among `partitions`. */
export function partitionOf(name: string, partitions: number): number {
  return fnv1a(name) % partitions;
}

/** Key of ticks in fs.ev; no node has it, since ids of nodes do not begin with a tilde. */
export const TICK_KEY = "~tick";
