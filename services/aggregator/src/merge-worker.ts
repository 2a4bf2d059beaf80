import { farmViewOf, MergeState, mergePipeline } from "@farmscope/history";
import { type Life, type LifeBeginning, ownScope, type Worker, type WorkerPorts } from "./worker.ts";

/**
 * Partial windows are large, hundreds of nodes each, and every few of them close a window of thousands: so many are a
 * fraction of a second of work.
 */
const PULL_RECORDS_MAX = 8;

/**
 * Owns the merging of the farms of one partition number: folds every partition's partial windows from fs.view into the
 * farms' windows, which go to fs.view again, and into the store.
 */
export class MergeWorker implements Worker {
  readonly #partition: number;
  readonly #ports: WorkerPorts;

  constructor(partition: number, ports: WorkerPorts) {
    this.#partition = partition;
    this.#ports = ports;
  }

  run(signal: AbortSignal): Promise<void> {
    return ownScope(`m${this.#partition}`, { kind: "view" }, this.#ports, signal, (beginning) =>
      this.#begin(beginning),
    );
  }

  async #begin({ committed }: LifeBeginning): Promise<Life<string>> {
    const { keys, partitions } = this.#ports;
    const state = new MergeState({ partition: this.#partition, partitions, keys }, committed);
    return {
      pending: state.pending,
      pipeline: (pull, policy) => mergePipeline(state, pull, policy),
      views: (changed) => [...changed].map((farm) => farmViewOf(state, farm)),
      all: () => state.latest.keys(),
      pullRecordsMax: PULL_RECORDS_MAX,
    };
  }
}
