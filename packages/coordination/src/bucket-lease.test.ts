import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, OperatingError } from "@farmscope/runtime";
import { BucketLease, holderIn } from "./bucket-lease.ts";
import { MemoryBucket } from "./memory/memory-bucket.ts";

/** A bucket whose answers get lost on the way back, when the test says so. */
class DeafeningBucket extends MemoryBucket {
  isDeaf = false;

  override async update(key: string, value: string, revision: number): Promise<number | null> {
    const answer = await super.update(key, value, revision);
    if (this.isDeaf) throw new OperatingError("COORDINATION_UNAVAILABLE", "no answer", { retriable: true });
    return answer;
  }
}

test("A renewal whose answer was lost does not cost the lease.", async () => {
  const bucket = new DeafeningBucket(new ManualClock(), 1_000);
  const lease = await BucketLease.acquire(bucket, "lease.p0", "p0", "a");
  bucket.isDeaf = true;
  await assert.rejects(async () => await lease?.renew(), { code: "COORDINATION_UNAVAILABLE" });
  bucket.isDeaf = false;
  assert.equal(await lease?.renew(), true);
  assert.equal(await lease?.renew(), true);
});

test("A lease of the same holder in another life is not taken for ours.", async () => {
  const clock = new ManualClock();
  const bucket = new MemoryBucket(clock, 1_000);
  const first = await BucketLease.acquire(bucket, "lease.p0", "p0", "a");
  await clock.advance(1_000);
  const second = await BucketLease.acquire(bucket, "lease.p0", "p0", "a");
  assert.equal(await first?.renew(), false);
  await first?.release();
  assert.equal(await second?.renew(), true);
  assert.equal(holderIn((await bucket.get("lease.p0"))?.value ?? ""), "a");
});
