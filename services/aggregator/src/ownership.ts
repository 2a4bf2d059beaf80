import type { Coordination, Lease } from "@farmscope/coordination";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import { spread } from "./spread.ts";
import type { Worker } from "./worker.ts";

/** Role under which aggregators announce themselves. */
export const AGGREGATOR_ROLE = "aggregator";
/** Leases are renewed this many times within their time to live. */
const ROUNDS_PER_TTL = 3;

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
  readonly lease: Lease;
  readonly stop: AbortController;
  /** Resolves when the worker has ended, for whatever reason. */
  readonly ended: Promise<void>;
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

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Leases held now, sorted. */
  held(): string[] {
    return [...this.#held.keys()].sort();
  }

  /** Runs until `signal` fires, then stops every worker, with its last commit, and gives all leases up. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, coordination } = this.#options;
    while (!signal.aborted && this.#fault === null) {
      await this.#round(signal);
      await clock.sleep(coordination.ttlMs / ROUNDS_PER_TTL, signal).catch(() => {});
    }
    await Promise.all([...this.#held.keys()].map((name) => this.#handOver(name)));
    await this.#tolerate(() => coordination.withdraw(this.#member));
    if (this.#fault !== null) throw this.#fault;
  }

  get #member() {
    return { id: this.#options.replicaId, role: AGGREGATOR_ROLE };
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { coordination, groups } = this.#options;
    await this.#tolerate(async () => {
      await coordination.announce(this.#member);
      await Promise.all([...this.#held].map(([name, held]) => this.#renew(name, held)));
      const members = (await coordination.members(AGGREGATOR_ROLE)).map(({ id }) => id);
      for (const leases of groups) if (!signal.aborted) await this.#rebalance(members, leases);
    });
  }

  async #rebalance(members: readonly string[], leases: readonly string[]): Promise<void> {
    const { coordination, replicaId } = this.#options;
    const holders = await holdersOf(coordination, leases);
    for (const name of leases) if (this.#held.has(name)) holders.set(name, replicaId);
    const { acquire, acquireMax, release } = spread(replicaId, members, holders, leases);
    await Promise.all(release.map((name) => this.#handOver(name)));
    let acquired = 0;
    for (const name of acquire) {
      if (acquired === acquireMax) return;
      const lease = await coordination.acquire(name, replicaId);
      if (lease === null) continue;
      acquired++;
      this.#start(name, lease);
    }
  }

  async #renew(name: string, held: Held): Promise<void> {
    if (await held.lease.renew()) return;
    this.#options.logger.warn({ lease: name }, "the lease was lost");
    await this.#handOver(name);
  }

  #start(name: string, lease: Lease): void {
    const { logger, workerOf } = this.#options;
    const stop = new AbortController();
    const ended = workerOf(name)
      .run(stop.signal)
      .catch((error: unknown) => this.#failed(name, error))
      .then(() => this.#ended(name, lease));
    this.#held.set(name, { lease, stop, ended });
    logger.info({ lease: name }, "took over");
  }

  #failed(name: string, error: unknown): void {
    this.#options.logger.error({ lease: name, err: error }, `gave up: ${messageOf(error)}`);
    if (!(error instanceof OperatingError)) this.#fault ??= error;
  }

  async #ended(name: string, lease: Lease): Promise<void> {
    this.#held.delete(name);
    await this.#tolerate(() => lease.release());
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

async function holdersOf(coordination: Coordination, leases: readonly string[]): Promise<Map<string, string>> {
  const prefix = leases[0]?.charAt(0) ?? "";
  const all = await coordination.holders(prefix);
  return new Map(leases.flatMap((name) => (all.has(name) ? [[name, all.get(name)!] as const] : [])));
}
