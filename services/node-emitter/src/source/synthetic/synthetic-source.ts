import { type Clock, invariant } from "@farmscope/runtime";
import type { EventSource, NodeSink, SamplingInForce, SourceNode } from "../port.ts";
import { MAX_BLOCK_FRAMES } from "./buddy.ts";
import { mixOf } from "./fleet.ts";
import type { WorkloadName } from "./mixes.ts";
import { SimulatedNode } from "./simulated-node.ts";
import { SimulatedTruth } from "./simulated-truth.ts";

const PAGE_BYTES = 4096;
const MEMORY_BYTES_DEFAULT = 256 * 2 ** 20;
/** Page events of all nodes in one poll: a few milliseconds of work. */
const POLL_EVENTS_MAX = 8192;
/** Page events of one node before the next has its turn. */
const TURN_EVENTS_MAX = 512;

export interface SyntheticOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly nodes: number;
  /** Index of the first of them: several sources of one seed can share a fleet. Default 0. */
  readonly firstNode?: number;
  /** Raw events after which a node ends; each ends with the burst that reaches them. 0, the default: never. */
  readonly eventsPerNode?: number;
  /** Raw events a second for each node; 0 runs as fast as the log takes them. Default 2,000. */
  readonly rate?: number;
  /** Memory of each node, rounded down to whole largest blocks. Default 256 MiB. */
  readonly memoryBytes?: number;
  /** Workload of every node. Default: each node's own, by the seed. */
  readonly mix?: WorkloadName;
  /** Nodes are named by this and their index. Default "synthetic-". */
  readonly prefix?: string;
  /** Raw run-queue events are kept for one task in so many. Default 16. */
  readonly runqKeepOneIn?: number;
}

/** Any number of simulated hosts, each with the events that a kernel would report. */
export class SyntheticSource implements EventSource {
  readonly kind = "synthetic";
  readonly pollIntervalMs: number;
  readonly sampling: SamplingInForce;
  readonly #options: SyntheticOptions;
  readonly #rate: number;
  #nodes: SimulatedNode[] = [];
  /** When each node went live, in monotonic milliseconds; undefined before. */
  #liveSinceMs: (number | undefined)[] = [];
  #turn = 0;

  constructor(options: SyntheticOptions) {
    this.#options = options;
    this.#rate = options.rate ?? 2_000;
    this.pollIntervalMs = this.#rate === 0 ? 0 : 20;
    this.sampling = { pageKeepOneIn: 1, runqKeepOneIn: options.runqKeepOneIn ?? 16, salt: 0 };
  }

  get finished(): boolean {
    return this.#nodes.length > 0 && this.#nodes.every((node) => node.isFinished);
  }

  open(): Promise<readonly SourceNode[]> {
    const { nodes, firstNode = 0, seed, clock, mix, eventsPerNode, memoryBytes, prefix = "synthetic-" } = this.#options;
    const blocks = Math.floor((memoryBytes ?? MEMORY_BYTES_DEFAULT) / PAGE_BYTES / MAX_BLOCK_FRAMES);
    invariant(blocks >= 4, "a simulated node has at least 16 MiB");
    this.#nodes = Array.from({ length: nodes }, (_, at) => {
      const index = firstNode + at;
      return new SimulatedNode({
        id: `${prefix}${index}`,
        index,
        seed,
        clock,
        frames: blocks * MAX_BLOCK_FRAMES,
        mix: mix ?? mixOf(seed, index),
        eventsMax: eventsPerNode || Number.POSITIVE_INFINITY,
        runqKeepOneIn: this.sampling.runqKeepOneIn,
      });
    });
    this.#liveSinceMs = this.#nodes.map(() => undefined);
    return Promise.resolve(this.#nodes);
  }

  start(sinks: ReadonlyMap<string, NodeSink>, resumeAt: ReadonlyMap<string, number>): Promise<void> {
    for (const node of this.#nodes) {
      const sink = sinks.get(node.id);
      invariant(sink !== undefined, `node ${node.id} has a sink`);
      node.connect(sink, resumeAt.get(node.id) ?? 0);
    }
    return Promise.resolve();
  }

  poll(nowMs: number): number {
    const pouredBefore = this.#poured();
    let work = 0;
    for (let turns = 0; turns < this.#nodes.length && work < POLL_EVENTS_MAX; turns++) {
      const index = this.#turn;
      this.#turn = (this.#turn + 1) % this.#nodes.length;
      work += this.#takeTurn(index, nowMs);
    }
    return this.#poured() - pouredBefore;
  }

  observe(node: string, reason: number): void {
    this.#nodes.find((candidate) => candidate.id === node)?.demandObservation(reason);
  }

  close(): Promise<void> {
    for (const node of this.#nodes) node.settle();
    return Promise.resolve();
  }

  /** What is true of a node at this moment; for tests and comparisons. */
  truth(id: string): SimulatedTruth {
    const node = this.#nodes.find((candidate) => candidate.id === id);
    invariant(node !== undefined, `there is a node ${id}`);
    return new SimulatedTruth(node.allocator);
  }

  /** Lets one node work until its turn is over or its pace is reached. @returns the page events it took. */
  #takeTurn(index: number, nowMs: number): number {
    const node = this.#nodes[index];
    const turnMax = this.#nodes.length === 1 ? POLL_EVENTS_MAX : TURN_EVENTS_MAX;
    let work = 0;
    while (work < turnMax && !node.isFinished && this.#isDue(index, nowMs)) work += node.step();
    node.settle();
    return work;
  }

  #isDue(index: number, nowMs: number): boolean {
    const node = this.#nodes[index];
    if (this.#rate === 0 || !node.isLive) return true;
    this.#liveSinceMs[index] ??= nowMs;
    const elapsedMs = nowMs - this.#liveSinceMs[index];
    return node.poured <= (elapsedMs * this.#rate) / 1000;
  }

  #poured(): number {
    return this.#nodes.reduce((sum, node) => sum + node.poured, 0);
  }
}
