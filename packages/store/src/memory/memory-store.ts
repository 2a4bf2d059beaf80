import { randomUUID } from "node:crypto";
import { type Clock, OperatingError, SystemClock } from "@farmscope/runtime";
import { checkBounds } from "../commit-bounds.ts";
import { indexOf } from "../keys.ts";
import type { Claim, Commit, CommitNotice, CommitOutcome, Scope, SeriesWrite, ViewStore } from "../port.ts";

interface Owner {
  readonly epoch: number;
  readonly position: number;
  readonly recordId: string;
}

interface Entry {
  readonly value: Uint8Array;
  /** Unix milliseconds from which it is gone. */
  readonly expiresAtMs: number;
}

/**
 * The view store in this process's memory: for tests, simulation and anything that needs no second process. It passes
 * the same contract suite as Redis. Values are copied on their way in and out.
 */
export class MemoryStore implements ViewStore {
  readonly #clock: Clock;
  #incarnation: string = randomUUID();
  #owners = new Map<Scope, Owner>();
  #views = new Map<string, Entry>();
  #series = new Map<string, Map<number, Uint8Array>>();
  #indexes = new Map<string, Set<string>>();
  readonly #listeners = new Set<(notice: CommitNotice) => void>();
  #away = false;

  /** @param clock decides when a view with a time to live is gone. */
  constructor(clock: Clock = new SystemClock()) {
    this.#clock = clock;
  }

  async claim(scope: Scope): Promise<Claim> {
    this.#reach();
    const before = this.#owners.get(scope) ?? { epoch: 0, position: 0, recordId: "" };
    const owner = { ...before, epoch: before.epoch + 1 };
    this.#owners.set(scope, owner);
    return { ...owner, incarnation: this.#incarnation };
  }

  async commit(scope: Scope, commit: Commit): Promise<CommitOutcome> {
    checkBounds(commit);
    this.#reach();
    const owner = this.#owners.get(scope);
    if (owner === undefined || commit.incarnation !== this.#incarnation) return "incarnation-changed";
    if (commit.epoch !== owner.epoch) return "fenced";
    if (commit.previousPosition !== owner.position) return "position-mismatch";
    for (const key of commit.deletes) this.#delete(key);
    for (const put of commit.puts) this.#put(put.key, put.value, put.ttlMs);
    for (const write of commit.series) this.#append(write);
    this.#owners.set(scope, { epoch: owner.epoch, position: commit.position, recordId: commit.recordId });
    for (const listener of this.#listeners) listener({ scope, position: commit.position });
    return "committed";
  }

  async committed(scope: Scope): Promise<Owner | null> {
    this.#reach();
    return this.#owners.get(scope) ?? null;
  }

  async get(key: string): Promise<Uint8Array | null> {
    this.#reach();
    const entry = this.#views.get(key);
    if (entry === undefined || entry.expiresAtMs <= this.#clock.nowMs()) return null;
    return entry.value.slice();
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async range(series: string, fromMs: number, toMs: number): Promise<{ startMs: number; value: Uint8Array }[]> {
    this.#reach();
    const entries = [...(this.#series.get(series) ?? [])].filter(([startMs]) => startMs >= fromMs && startMs < toMs);
    return entries.sort(([a], [b]) => a - b).map(([startMs, value]) => ({ startMs, value: value.slice() }));
  }

  async list(index: string): Promise<string[]> {
    this.#reach();
    return [...(this.#indexes.get(index) ?? [])].sort();
  }

  async watch(listener: (notice: CommitNotice) => void): Promise<() => Promise<void>> {
    const own = (notice: CommitNotice): void => listener(notice);
    this.#listeners.add(own);
    return async () => {
      this.#listeners.delete(own);
    };
  }

  async describe() {
    return {
      kind: "memory",
      version: "",
      connected: !this.#away,
      warnings: ["views are lost with the process"],
    } as const;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  /** From now on every call fails as if the server could not be reached; until {@link comeBack}. */
  goAway(): void {
    this.#away = true;
  }

  /** Ends {@link goAway}. Nothing was lost meanwhile. */
  comeBack(): void {
    this.#away = false;
  }

  /** Loses everything and begins a new incarnation, as a server that lost its disk does. */
  loseEverything(): void {
    this.#incarnation = randomUUID();
    this.#owners = new Map();
    this.#views = new Map();
    this.#series = new Map();
    this.#indexes = new Map();
  }

  #reach(): void {
    if (this.#away)
      throw new OperatingError("STORE_UNAVAILABLE", "the memory store was told to be away", { retriable: true });
  }

  #put(key: string, value: Uint8Array, ttlMs?: number): void {
    const expiresAtMs = ttlMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs() + ttlMs;
    this.#views.set(key, { value: value.slice(), expiresAtMs });
    const place = indexOf(key);
    if (place === null) return;
    const members = this.#indexes.get(place.index) ?? new Set();
    this.#indexes.set(place.index, members.add(place.member));
  }

  #delete(key: string): void {
    this.#views.delete(key);
    this.#series.delete(key);
    const place = indexOf(key);
    if (place !== null) this.#indexes.get(place.index)?.delete(place.member);
  }

  #append(write: SeriesWrite): void {
    const entries = this.#series.get(write.series) ?? new Map<number, Uint8Array>();
    entries.set(write.startMs, write.value.slice());
    for (const startMs of entries.keys()) if (startMs < write.keepFromMs) entries.delete(startMs);
    this.#series.set(write.series, entries);
  }
}
