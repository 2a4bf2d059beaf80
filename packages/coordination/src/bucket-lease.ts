import { randomUUID } from "node:crypto";
import type { Bucket } from "./bucket.ts";
import type { Lease } from "./port.ts";

/** What stands in a lease's key. */
interface LeaseValue {
  readonly holder: string;
  /** Tells this lease from another one of the same holder. */
  readonly nonce: string;
}

/** A lease is a key that was created and is written again at its last revision before it expires. */
export class BucketLease implements Lease {
  readonly name: string;
  readonly holder: string;
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #value: string;
  #revision: number;

  private constructor(bucket: Bucket, key: string, name: string, holder: string, value: string, revision: number) {
    this.name = name;
    this.holder = holder;
    this.#bucket = bucket;
    this.#key = key;
    this.#value = value;
    this.#revision = revision;
  }

  /** @returns null when the key is there already. */
  static async acquire(bucket: Bucket, key: string, name: string, holder: string): Promise<BucketLease | null> {
    const value = JSON.stringify({ holder, nonce: randomUUID() } satisfies LeaseValue);
    const revision = await bucket.create(key, value);
    return revision === null ? null : new BucketLease(bucket, key, name, holder, value, revision);
  }

  async renew(): Promise<boolean> {
    if (await this.#write(this.#revision)) return true;
    // An earlier renewal may have reached the server though its answer never reached us.
    const entry = await this.#bucket.get(this.#key);
    return entry !== null && entry.value === this.#value && (await this.#write(entry.revision));
  }

  async release(): Promise<void> {
    const entry = await this.#bucket.get(this.#key);
    if (entry?.value === this.#value) await this.#bucket.remove(this.#key, entry.revision);
  }

  async #write(expected: number): Promise<boolean> {
    const revision = await this.#bucket.update(this.#key, this.#value, expected);
    if (revision !== null) this.#revision = revision;
    return revision !== null;
  }
}

/** The holder in a lease's value. */
export function holderIn(value: string): string {
  return (JSON.parse(value) as LeaseValue).holder;
}
