import { decodeToken, encodeToken } from "@farmscope/domain";
import type { Bucket } from "./bucket.ts";
import { BucketLease, holderIn } from "./bucket-lease.ts";
import type { Coordination, Lease, Member } from "./port.ts";

/**
 * Leases and members on a bucket of expiring keys: "lease.<name>" and "member.<role>.<id>", each part encoded as one
 * token.
 */
export class BucketCoordination implements Coordination {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  get ttlMs(): number {
    return this.#bucket.ttlMs;
  }

  async acquire(name: string, holder: string): Promise<Lease | null> {
    return await BucketLease.acquire(this.#bucket, `lease.${encodeToken(name)}`, name, holder);
  }

  async holders(prefix: string): Promise<ReadonlyMap<string, string>> {
    const holders = new Map<string, string>();
    for (const { key, value } of await this.#bucket.entries("lease")) {
      const name = decodeToken(lastToken(key));
      if (name.startsWith(prefix)) holders.set(name, holderIn(value));
    }
    return holders;
  }

  async announce(member: Member): Promise<void> {
    await this.#bucket.put(keyOf(member), "");
  }

  async withdraw(member: Member): Promise<void> {
    await this.#bucket.remove(keyOf(member));
  }

  async members(role: string): Promise<Member[]> {
    const entries = await this.#bucket.entries(`member.${encodeToken(role)}`);
    const ids = entries.map(({ key }) => decodeToken(lastToken(key)));
    return ids.sort().map((id) => ({ id, role }));
  }

  async close(): Promise<void> {
    await this.#bucket.close();
  }
}

function keyOf(member: Member): string {
  return `member.${encodeToken(member.role)}.${encodeToken(member.id)}`;
}

function lastToken(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
