/** What one replica should do about one group of leases, as far as it can see. */
export interface Spread {
  /** Free leases to try for, in this order, until the share is reached. */
  readonly acquire: readonly string[];
  /** Most of them to acquire now. */
  readonly acquireMax: number;
  /** Leases held beyond the share, to be handed over. */
  readonly release: readonly string[];
}

/**
 * Spreads leases evenly over the live replicas without anyone in charge: every replica decides for itself from who is
 * alive and who holds what. Shares differ by at most one; the larger ones go to those who hold most already, so that no
 * lease moves without need.
 * @param holders holder by lease; a lease without one is free.
 */
export function spread(
  self: string,
  members: readonly string[],
  holders: ReadonlyMap<string, string>,
  leases: readonly string[],
): Spread {
  const replicas = [...new Set([...members, self])];
  const heldBy = (replica: string): string[] => leases.filter((lease) => holders.get(lease) === replica);
  const ranked = replicas.sort((a, b) => heldBy(b).length - heldBy(a).length || (a < b ? -1 : 1));
  const rank = ranked.indexOf(self);
  const larger = leases.length % replicas.length;
  const share = Math.floor(leases.length / replicas.length) + (rank < larger ? 1 : 0);
  const mine = heldBy(self);
  const free = leases.filter((lease) => !holders.has(lease));
  // Each replica begins elsewhere, so that they do not all try for the same one.
  const offset = free.length === 0 ? 0 : (rank * share) % free.length;
  return {
    acquire: [...free.slice(offset), ...free.slice(0, offset)],
    acquireMax: Math.max(0, share - mine.length),
    release: mine.slice(share),
  };
}
