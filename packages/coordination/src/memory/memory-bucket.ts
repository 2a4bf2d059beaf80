import { type Clock, OperatingError } from "@farmscope/runtime";
import type { Bucket, Entry } from "../bucket.ts";

interface Stored extends Entry {
  readonly expiresAtMs: number;
}

/** A bucket in this process's memory. */
export class MemoryBucket implements Bucket {
  readonly ttlMs: number;
  readonly #clock: Clock;
  readonly #stored = new Map<string, Stored>();
  #revision = 0;
  #isClosed = false;

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.ttlMs = ttlMs;
  }

  async create(key: string, value: string): Promise<number | null> {
    return this.#find(key) === null ? this.#write(key, value) : null;
  }

  async update(key: string, value: string, revision: number): Promise<number | null> {
    return this.#find(key)?.revision === revision ? this.#write(key, value) : null;
  }

  async put(key: string, value: string): Promise<void> {
    this.#write(key, value);
  }

  async get(key: string): Promise<Entry | null> {
    return this.#find(key);
  }

  async remove(key: string, revision?: number): Promise<void> {
    if (revision === undefined || this.#find(key)?.revision === revision) this.#stored.delete(key);
  }

  async entries(prefix: string): Promise<Entry[]> {
    const keys = [...this.#stored.keys()].filter((key) => key.startsWith(`${prefix}.`));
    return keys.map((key) => this.#find(key)).filter((entry) => entry !== null);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #find(key: string): Stored | null {
    if (this.#isClosed) throw new OperatingError("ABORTED", "coordination was closed");
    const stored = this.#stored.get(key);
    if (stored === undefined || stored.expiresAtMs > this.#clock.monotonicMs()) return stored ?? null;
    this.#stored.delete(key);
    return null;
  }

  #write(key: string, value: string): number {
    if (this.#isClosed) throw new OperatingError("ABORTED", "coordination was closed");
    const revision = ++this.#revision;
    this.#stored.set(key, { key, value, revision, expiresAtMs: this.#clock.monotonicMs() + this.ttlMs });
    return revision;
  }
}
