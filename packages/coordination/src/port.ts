/**
 * Leases: they only permit a claim at the store, whose epoch does the fencing. Adapters: memory, NATS KV, Redis.
 */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  /**
   * Extends the lease by its time to live.
   * @returns false when it is no longer ours (expired, taken, bucket lost).
   * @throws {OperatingError} COORDINATION_UNAVAILABLE (retriable).
   */
  renew(): Promise<boolean>;
  /** Gives it up at once, so that another can have it. Harmless when it is not ours any more. */
  release(): Promise<void>;
}

export interface Member {
  readonly id: string;
  readonly role: string;
}

export interface Coordination {
  /** Takes the lease when it is free. @returns null when another holds it. */
  acquire(name: string, holder: string): Promise<Lease | null>;
  /** Who holds which lease now, by lease name. */
  holders(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Announces a live replica; to be repeated within the time to live. */
  announce(member: Member): Promise<void>;
  withdraw(member: Member): Promise<void>;
  /** Live replicas of a role, sorted by id. */
  members(role: string): Promise<Member[]>;
  /** Time to live of leases and announcements, in milliseconds. */
  readonly ttlMs: number;
  close(): Promise<void>;
}
