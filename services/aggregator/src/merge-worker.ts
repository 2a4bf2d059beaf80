import { farmViewOf, MergeCheckpointer, MergeState, mergePipeline, restoreMerge } from "@farmscope/history";
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

  async #begin({ committed, positions }: LifeBeginning): Promise<Life<string>> {
    const { keys, limits, log, logger, partitions } = this.#ports;
    const state = new MergeState({ partition: this.#partition, partitions, keys }, committed);
    // Where the log has lost what views show, all of them are written anew.
    const throughMax = committed.lostTail ? 0 : committed.silentThrough;
    const from = await restoreMerge(state, { log, logger, positions, throughMax });
    const checkpointer = new MergeCheckpointer(state, this.#ports, limits.mergeCheckpointIntervalMs);
    return {
      pending: state.pending,
      from,
      pipeline: (pull, policy) => mergePipeline(state, pull, policy),
      views: (changed) => [...changed].map((farm) => farmViewOf(state, farm)),
      all: () => state.latest.keys(),
      pullRecordsMax: PULL_RECORDS_MAX,
      between: (isCommitted) => {
        if (isCommitted) checkpointer.step();
        return false;
      },
      beside: async (_epoch, end) => {
        await new Promise<void>((resolve) => {
          if (end.aborted) resolve();
          end.addEventListener("abort", () => resolve(), { once: true });
        });
        await checkpointer.close();
      },
    };
  }
}
