/**
 * The view store: current views and windows, written by the owner of a scope under a fencing epoch. Adapters: memory,
 * Redis; both pass the contract suite, contract.ts. All keys are made in keys.ts and nowhere else.
 */

/** Who writes: the owner of a raw partition ("p3"), of the farms merged for a partition ("m3"), or alerting ("a0"). */
export type Scope = `p${number}` | `m${number}` | `a${number}`;

export interface Claim {
  /** Fencing number: greater than that of any earlier claim of the scope in this incarnation of the store. */
  readonly epoch: number;
  /** Position up to which the scope is committed; 0 at first. */
  readonly position: number;
  /** Id of the record at that position ("" at first), by which a log that lost its tail is noticed. */
  readonly recordId: string;
  /** Identity of this life of the store's data; a lost and re-created store has another. */
  readonly incarnation: string;
}

export interface SeriesWrite {
  /** Name of the series, from keys.ts. */
  readonly series: string;
  /** Start of the window, Unix milliseconds; a second write of the same start replaces the first. */
  readonly startMs: number;
  readonly value: Uint8Array;
  /** Entries that start before this are removed. */
  readonly keepFromMs: number;
}

export interface Commit {
  readonly epoch: number;
  readonly incarnation: string;
  /** What the scope's position must be now. */
  readonly previousPosition: number;
  readonly position: number;
  readonly recordId: string;
  /** Views to replace, by key from keys.ts. */
  readonly puts: readonly { readonly key: string; readonly value: Uint8Array; readonly ttlMs?: number }[];
  readonly deletes: readonly string[];
  readonly series: readonly SeriesWrite[];
}

/** What a commit did. Anything but "committed" left the store untouched. */
export type CommitOutcome = "committed" | "fenced" | "position-mismatch" | "incarnation-changed";

export interface CommitNotice {
  readonly scope: Scope;
  readonly position: number;
}

export interface ViewStore {
  /**
   * Takes a scope: raises its epoch, so that no earlier owner can commit any more. One atomic script.
   * @throws {OperatingError} STORE_UNAVAILABLE (retriable).
   */
  claim(scope: Scope): Promise<Claim>;
  /**
   * Writes views, series and position together or not at all. One atomic script, fenced by epoch and position.
   * @throws {OperatingError} STORE_UNAVAILABLE (retriable; whether it took effect is then unknown: claim again).
   */
  commit(scope: Scope, commit: Commit): Promise<CommitOutcome>;
  /** The scope's committed position without claiming it; null when it was never claimed. */
  committed(
    scope: Scope,
  ): Promise<{ readonly epoch: number; readonly position: number; readonly recordId: string } | null>;
  get(key: string): Promise<Uint8Array | null>;
  getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]>;
  /** Entries with fromMs <= start < toMs, by start. */
  range(
    series: string,
    fromMs: number,
    toMs: number,
  ): Promise<{ readonly startMs: number; readonly value: Uint8Array }[]>;
  /** Members of an index (nodes of a partition, farms), sorted. Indexes are kept by commit, from the keys put and deleted. */
  list(index: string): Promise<string[]>;
  /** Calls back after every commit, of any writer, until unsubscribed. May miss some while the store is away. */
  watch(listener: (notice: CommitNotice) => void): Promise<() => Promise<void>>;
  describe(): Promise<{
    readonly kind: "memory" | "redis";
    readonly version: string;
    readonly connected: boolean;
    readonly warnings: readonly string[];
  }>;
  close(): Promise<void>;
}
