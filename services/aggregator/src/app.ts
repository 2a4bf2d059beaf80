import type { Coordination } from "@farmscope/coordination";
import type { EventLog } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying, type Service } from "@farmscope/runtime";
import { Keys, type ViewStore } from "@farmscope/store";
import { type AggregatorLimits, DEFAULT_LIMITS } from "./config.ts";
import { Focus } from "./focus.ts";
import { MergeWorker } from "./merge-worker.ts";
import { Ownership } from "./ownership.ts";
import { PartitionWorker } from "./partition-worker.ts";
import type { Worker, WorkerPorts } from "./worker.ts";

export interface AggregatorOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly coordination: Coordination;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Partitions of fs.ev; fixed for an installation. */
  readonly partitions: number;
  readonly namespace: string;
  readonly replicaId: string;
  readonly limits?: Partial<AggregatorLimits>;
}

/**
 * One replica of the aggregator: owns its share of the partitions and of the farms' merging, together with all other
 * live replicas.
 */
export class Aggregator implements Service {
  readonly #ports: WorkerPorts;
  readonly #focus: Focus;
  readonly #ownership: Ownership;

  constructor(options: AggregatorOptions) {
    const { log, store, coordination, clock, logger, partitions, namespace, replicaId } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#ports = { log, store, clock, logger, keys: new Keys(namespace), limits, namespace, partitions, replicaId };
    this.#focus = new Focus(log, clock, logger);
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    const groups = [numbers.map((partition) => `p${partition}`), numbers.map((partition) => `m${partition}`)];
    const workerOf = (lease: string): Worker => this.#workerOf(lease);
    this.#ownership = new Ownership({ coordination, clock, logger, replicaId, groups, workerOf });
  }

  /** Leases that this replica holds now: "p3" for a partition, "m3" for the merging of its farms. */
  owned(): string[] {
    return this.#ownership.held();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log, clock, logger } = this.#ports;
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      await retrying(clock, () => log.ensureStreams(either), {
        signal: either,
        onFailure: (error, attempt) => logger.warn({ code: error.code, attempt }, messageOf(error)),
      });
    } catch (error) {
      if (error instanceof OperatingError && error.code === "ABORTED" && signal.aborted) return;
      throw error;
    }
    const focusing = this.#focus.run(either);
    try {
      await this.#ownership.run(either);
    } finally {
      stop.abort();
      await focusing;
    }
  }

  #workerOf(lease: string): Worker {
    const partition = Number(lease.slice(1));
    if (lease.startsWith("m")) return new MergeWorker(partition, this.#ports);
    return new PartitionWorker(partition, this.#ports, this.#focus);
  }
}

/** A replica of the aggregator, to be run by whoever composes the services. */
export function createAggregator(options: AggregatorOptions): Aggregator {
  return new Aggregator(options);
}
