import type { Coordination, Lease } from "@farmscope/coordination";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { spread } from "./spread.ts";
import type { Worker } from "./worker.ts";

/** Role under which aggregators announce themselves. */
export const AGGREGATOR_ROLE = "aggregator";
/** Leases are renewed this many times within their time to live. */
const RENEWALS_PER_TTL = 3;
/** It is looked for leases to take or hand over this many times within that time: a dead owner's are free at its end. */
const LOOKS_PER_TTL = 5;

export interface OwnershipOptions {
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicaId: string;
  /** Groups of leases; each group is spread evenly. */
  readonly groups: readonly (readonly string[])[];
  /** The worker that a lease permits. */
  readonly workerOf: (lease: string) => Worker;
}

interface Held {
  lease: Lease;
  readonly stop: AbortController;
  /** Resolves when the worker has ended, for whatever reason. */
  ended: Promise<void>;
}

/**
 * Takes and hands over leases, and runs a worker for each one held. A lease only permits a claim at the store, whose
 * epoch does the fencing: a worker that lost its lease without knowing can do no harm.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #held = new Map<string, Held>();
  /** The first error that is not an operating one: it ends the process. */
  #fault: unknown = null;
  #endOnFault: AbortController | null = null;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Leases held now, sorted. */
  held(): string[] {
    return [...this.#held.keys()].sort();
  }

  /** Runs until `signal` fires, then stops every worker, with its last commit, and gives all leases up. */
  async run(signal: AbortSignal): Promise<void> {
    const { coordination } = this.#options;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    this.#endOnFault = over;
    await this.#tolerate(() => coordination.announce(this.#member));
    // Renewals wait for nothing: handing a lease over takes as long as its worker's last commit.
    await Promise.all([
      this.#repeat(RENEWALS_PER_TTL, either, () => this.#renewAll()),
      this.#repeat(LOOKS_PER_TTL, either, () => this.#rebalanceAll(either)),
    ]);
    await Promise.all([...this.#held.keys()].map((name) => this.#handOver(name)));
    await this.#tolerate(() => coordination.withdraw(this.#member));
    if (this.#fault !== null) throw this.#fault;
  }

  get #member() {
    return { id: this.#options.replicaId, role: AGGREGATOR_ROLE };
  }

  async #repeat(timesPerTtl: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { clock, coordination } = this.#options;
    while (!signal.aborted) {
      await this.#tolerate(work);
      await clock.sleep(coordination.ttlMs / timesPerTtl, signal).catch(() => {});
    }
  }

  async #renewAll(): Promise<void> {
    const { coordination } = this.#options;
    const renewals = [...this.#held].map(([name, held]) => this.#renew(name, held));
    await Promise.all([coordination.announce(this.#member), ...renewals]);
  }

  async #rebalanceAll(signal: AbortSignal): Promise<void> {
    const { coordination, groups } = this.#options;
    const members = (await coordination.members(AGGREGATOR_ROLE)).map(({ id }) => id);
    const holders = await coordination.holders("");
    const rebalance = (leases: readonly string[]): Promise<void> => this.#rebalance(members, holders, leases);
    if (!signal.aborted) await Promise.all(groups.map(rebalance));
  }

  async #rebalance(
    members: readonly string[],
    all: ReadonlyMap<string, string>,
    leases: readonly string[],
  ): Promise<void> {
    const { replicaId } = this.#options;
    const holders = new Map<string, string>();
    for (const name of leases) {
      const holder = this.#held.has(name) ? replicaId : all.get(name);
      if (holder !== undefined) holders.set(name, holder);
    }
    const { acquire, acquireMax, release } = spread(replicaId, members, holders, leases);
    await Promise.all(release.map((name) => this.#handOver(name)));
    // As many at once as are wanted; where another was faster, as many again.
    let wanted = acquireMax;
    for (let at = 0; wanted > 0 && at < acquire.length; ) {
      const names = acquire.slice(at, at + wanted);
      at += names.length;
      const outcomes = await Promise.all(names.map((name) => this.#acquire(name)));
      wanted -= outcomes.filter((isOurs) => isOurs).length;
    }
  }

  async #acquire(name: string): Promise<boolean> {
    const { coordination, replicaId } = this.#options;
    const lease = await coordination.acquire(name, replicaId);
    if (lease !== null) this.#start(name, lease);
    return lease !== null;
  }

  async #renew(name: string, held: Held): Promise<void> {
    if (await held.lease.renew()) return;
    const { coordination, logger, replicaId } = this.#options;
    if (this.#held.get(name) !== held) return;
    // It expired while we were busy or the server away, and nobody wanted it: the worker has lost nothing.
    const again = await coordination.acquire(name, replicaId);
    if (again !== null) {
      held.lease = again;
      return;
    }
    logger.warn({ lease: name }, "the lease was lost");
    held.stop.abort();
  }

  #start(name: string, lease: Lease): void {
    const { logger, workerOf } = this.#options;
    const stop = new AbortController();
    const held: Held = { lease, stop, ended: Promise.resolve() };
    this.#held.set(name, held);
    held.ended = workerOf(name)
      .run(stop.signal)
      .catch((error: unknown) => this.#failed(name, error))
      .then(() => this.#ended(name, held));
    logger.info({ lease: name }, "took over");
  }

  #failed(name: string, error: unknown): void {
    this.#options.logger.error({ lease: name, err: error }, `gave up: ${messageOf(error)}`);
    if (error instanceof OperatingError) return;
    this.#fault ??= error;
    this.#endOnFault?.abort();
  }

  async #ended(name: string, held: Held): Promise<void> {
    this.#held.delete(name);
    await this.#tolerate(() => held.lease.release());
  }

  /** Lets a worker commit what it has, then gives its lease up, so that another can go on at once. */
  async #handOver(name: string): Promise<void> {
    const held = this.#held.get(name);
    held?.stop.abort();
    await held?.ended;
  }

  /** Coordination may be away: workers go on meanwhile, for the store fences them. */
  async #tolerate(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OperatingError) || !error.retriable) throw error;
      this.#options.logger.warn({ code: error.code }, messageOf(error));
    }
  }
}
