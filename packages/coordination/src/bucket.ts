/** An entry of a bucket. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Grows with every write to the bucket; starts anew with a new bucket. */
  readonly revision: number;
}

/**
 * What leases and announcements need of a server: keys whose values vanish unless they are written again within the
 * time to live, and writes that hold only at an expected revision. Keys are tokens joined by dots.
 *
 * A bucket that was lost is made anew, empty, by whatever call finds out.
 * All calls throw COORDINATION_UNAVAILABLE (retriable) while the server is away.
 */
export interface Bucket {
  readonly ttlMs: number;
  /** Writes a key that is not there. @returns its revision, or null when it is there. */
  create(key: string, value: string): Promise<number | null>;
  /** Writes a key that stands at `revision`. @returns the new revision, or null when it does not stand there. */
  update(key: string, value: string, revision: number): Promise<number | null>;
  /** Writes a key, whatever stands there. */
  put(key: string, value: string): Promise<void>;
  get(key: string): Promise<Entry | null>;
  /** Removes a key; with a revision only if it stands there. */
  remove(key: string, revision?: number): Promise<void>;
  /** All entries whose key starts with `prefix` and a dot. Cost: one request for each on a real server. */
  entries(prefix: string): Promise<Entry[]>;
  /** From now on every call throws ABORTED. */
  close(): Promise<void>;
}
