import type { Clock, Logger } from "@farmscope/runtime";
import { BucketCoordination } from "./bucket-coordination.ts";
import { MemoryBucket } from "./memory/memory-bucket.ts";
import { NatsBucket } from "./nats/nats-bucket.ts";
import type { Coordination } from "./port.ts";
import { RedisBucket } from "./redis/redis-bucket.ts";

/** Time to live of leases: with a renewal every third of it, a dead owner's partitions are free within this time. */
export const LEASE_TTL_MS = 5_000;

export interface OpenCoordinationOptions {
  readonly kind: "memory" | "nats" | "redis";
  /** Servers, comma separated; not looked at for "memory". */
  readonly url: string;
  /** Prefix of the bucket's name. */
  readonly namespace: string;
  /** Time to live of leases and announcements, in milliseconds, at least 1,000. Default {@link LEASE_TTL_MS}. */
  readonly ttlMs?: number;
  /** Copies of the bucket; not looked at for "redis". */
  readonly replicas: number;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Name that the server shows for our connection: the service. */
  readonly name?: string;
}

/**
 * Leases and members as the settings ask for. Nothing is connected yet: the first call does that, and fails as
 * retriable while the server is away. Coordination in memory reaches as far as the one object that this returns.
 * @throws {OperatingError} CONFIG_INVALID.
 */
export function openCoordination(options: OpenCoordinationOptions): Coordination {
  const { kind, url, namespace, ttlMs = LEASE_TTL_MS, replicas, clock, logger, name = "farmscope" } = options;
  if (kind === "memory") return new BucketCoordination(new MemoryBucket(clock, ttlMs));
  const bucket = `${namespace}-coordination`;
  if (kind === "redis") return new BucketCoordination(new RedisBucket({ url, bucket, ttlMs, logger, name }));
  return new BucketCoordination(new NatsBucket({ url, bucket, ttlMs, replicas, clock, logger, name }));
}
