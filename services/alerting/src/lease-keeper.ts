import type { Lease } from "@farmscope/coordination";
import { type Clock, OperatingError } from "@farmscope/runtime";

/** Renewals within a lease's time to live: two may fail. */
const RENEWALS_PER_TTL = 3;

export interface LeaseKeeperOptions {
  readonly lease: Lease;
  readonly ttlMs: number;
  readonly clock: Clock;
  /** Ends the keeping; the lease is then released. */
  readonly signal: AbortSignal;
  /** Told once when the lease is ours no more. */
  readonly onLost: (reason: string) => void;
}

/** Renews a lease until it is lost or given up. Resolves when it is released. */
export async function keepLease(options: LeaseKeeperOptions): Promise<void> {
  const { lease, ttlMs, clock, signal, onLost } = options;
  let heldUntilMs = clock.monotonicMs() + ttlMs;
  while (await slept(clock, ttlMs / RENEWALS_PER_TTL, signal)) {
    const beganMs = clock.monotonicMs();
    const renewed = await attempted(() => lease.renew());
    if (renewed === true) heldUntilMs = beganMs + ttlMs;
    if (renewed === false) return onLost("another replica holds the lease");
    if (clock.monotonicMs() >= heldUntilMs) return onLost("the lease could not be renewed in time");
  }
  await attempted(() => lease.release());
}

/** @returns false when the signal fired. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return !signal.aborted;
  } catch (error) {
    if (error instanceof OperatingError && error.code === "ABORTED") return false;
    throw error;
  }
}

/** @returns null when coordination is away. */
async function attempted<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperatingError && error.retriable) return null;
    throw error;
  }
}
