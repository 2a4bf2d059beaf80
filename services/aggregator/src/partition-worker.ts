import { nodeView } from "@farmscope/domain";
import { NodeViewSchema, toBinary } from "@farmscope/proto";
import type { Focus } from "./focus.ts";
import { PageMaps } from "./page-maps.ts";
import { type PartitionNode, PartitionState } from "./partition-state.ts";
import type { ViewWrite } from "./pending.ts";
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

  #begin({ committed, openBeginning }: LifeBeginning): Life<PartitionNode> {
    const { keys, limits, namespace, partitions, log, clock, logger, replicaId } = this.#ports;
    const partition = this.#partition;
    const settings = { namespace, partition, partitions, keys, limits, messageBytesMax: log.messageBytesMax };
    const state = new PartitionState(settings, committed, openBeginning);
    const maps = new PageMaps(this.#focus, clock);
    const intervalMs = limits.tickIntervalMs;
    this.#state = state;
    return {
      pending: state.pending,
      pipeline: (pull, policy) => pipeline(state, pull, policy),
      views: (changed) => [...[...changed].map((node) => viewOf(state, node)), ...maps.take(state)],
      all: () => state.nodes.values(),
      hasMore: () => maps.isDue(state),
      beside: (epoch, signal) =>
        runTicker({ log, clock, logger, partition, owner: replicaId, epoch, intervalMs }, signal),
    };
  }
}

function viewOf({ settings }: PartitionState, { fold, online, order }: PartitionNode): ViewWrite {
  const { keys, partition } = settings;
  const view = nodeView(fold, { partition, online, heldBatches: order.held });
  return { key: keys.node(partition, fold.node), value: toBinary(NodeViewSchema, view) };
}
