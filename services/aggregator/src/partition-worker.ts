import { Checkpointer, nodeViewOf, type PartitionNode, PartitionState, restore } from "@farmscope/history";
import type { Focus } from "./focus.ts";
import { PageMaps } from "./page-maps.ts";
import { pipeline } from "./pipeline.ts";
import { runTicker } from "./ticker.ts";
import { type Life, type LifeBeginning, ownScope, type Worker, type WorkerPorts } from "./worker.ts";

/** Owns one partition of fs.ev: its nodes' views, its part of the windows, its ticks. */
export class PartitionWorker implements Worker {
  readonly #partition: number;
  readonly #ports: WorkerPorts;
  readonly #focus: Focus;
  #state: PartitionState | null = null;

  constructor(partition: number, ports: WorkerPorts, focus: Focus) {
    this.#partition = partition;
    this.#ports = ports;
    this.#focus = focus;
  }

  /** What has been folded in this life; null before the first claim. */
  get state(): PartitionState | null {
    return this.#state;
  }

  run(signal: AbortSignal): Promise<void> {
    const stream = { kind: "event", partition: this.#partition } as const;
    return ownScope(`p${this.#partition}`, stream, this.#ports, signal, (beginning) => this.#begin(beginning));
  }

  async #begin({ committed, positions }: LifeBeginning): Promise<Life<PartitionNode>> {
    const { keys, limits, namespace, partitions, log, clock, logger, replicaId } = this.#ports;
    const partition = this.#partition;
    const settings = { namespace, partition, partitions, keys, limits, messageBytesMax: log.messageBytesMax };
    const fresh = (openBeginning: boolean): PartitionState => new PartitionState(settings, committed, openBeginning);
    const throughMax = committed.silentThrough;
    const restored = await restore({ log, logger, partition, positions, throughMax, fresh });
    const { state, from } = restored;
    const checkpointer = new Checkpointer(state, { log, clock, logger }, restored.written);
    const maps = new PageMaps(this.#focus, clock, limits);
    const intervalMs = limits.tickIntervalMs;
    this.#state = state;
    return {
      pending: state.pending,
      from,
      pipeline: (pull, policy) => pipeline(state, pull, policy),
      views: (changed) => [...[...changed].map((node) => nodeViewOf(state, node)), ...maps.take(state)],
      all: () => state.nodes.values(),
      hasMore: () => maps.isDue(state),
      between: () => {
        checkpointer.step();
        return checkpointer.busy;
      },
      beside: async (epoch, end) => {
        await runTicker({ log, clock, logger, partition, owner: replicaId, epoch, intervalMs }, end);
        await checkpointer.close();
      },
    };
  }
}
