import { Distribution } from "@farmscope/domain";
import type { NodeView } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import { FLEET_REFRESH_MS, FLEET_STALE_MS } from "../limits.ts";
import { balancesOf, sumBalances } from "../measure/balances.ts";
import { distributionOf, SIGNAL_NAMES } from "../measure/latency.ts";
import { nodeLine } from "../measure/node.ts";
import { num } from "../measure/number.ts";
import type { Balances, NodeLine, SignalName } from "../schemas/index.ts";
import type { Views } from "./views.ts";

/** What is kept of the nodes of one partition: a few hundred bytes a node. */
export interface PartitionNodes {
  readonly lines: readonly NodeLine[];
  readonly balances: Balances;
  readonly batches: {
    readonly gaps: number;
    readonly dead: number;
    readonly duplicates: number;
    readonly held: number;
  };
  readonly recovered: number;
  /** Distributions since first seen, by farm and signal: sums over the nodes. */
  readonly distributions: ReadonlyMap<string, ReadonlyMap<SignalName, Distribution>>;
}

interface Cached {
  readonly nodes: PartitionNodes;
  readonly readAtMs: number;
  readonly changesSeen: number;
}

/**
 * All nodes in short, for lists, metrics and live events. The views of a partition are read anew only when it has
 * committed since, and not more often than every FLEET_REFRESH_MS; O(nodes of the partition) then.
 */
export class Fleet {
  readonly #views: Views;
  readonly #clock: Clock;
  readonly #cache = new Map<number, Cached>();
  readonly #reading = new Map<number, Promise<PartitionNodes>>();
  readonly #changes = new Map<number, number>();

  constructor(views: Views, clock: Clock) {
    this.#views = views;
    this.#clock = clock;
  }

  /** A partition has committed. */
  changed(partition: number): void {
    this.#changes.set(partition, (this.#changes.get(partition) ?? 0) + 1);
  }

  /** @throws {OperatingError} STORE_UNAVAILABLE (retriable). */
  async all(): Promise<PartitionNodes[]> {
    return Promise.all(Array.from({ length: this.#views.partitions }, (_, partition) => this.partition(partition)));
  }

  /** All lines, by node id. */
  async lines(): Promise<NodeLine[]> {
    const partitions = await this.all();
    return partitions.flatMap((nodes) => nodes.lines).sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /**
   * @param ageMsMax how old the answer may be although its partition has committed since; 0 for none of that.
   * @throws {OperatingError} STORE_UNAVAILABLE (retriable).
   */
  async partition(partition: number, ageMsMax: number = FLEET_REFRESH_MS): Promise<PartitionNodes> {
    const cached = this.#cache.get(partition);
    if (cached !== undefined && this.#isFresh(partition, cached, ageMsMax)) return cached.nodes;
    const underWay = this.#reading.get(partition);
    if (underWay === undefined) return this.#readOnce(partition);
    // It may have begun before the newest commit.
    const nodes = await underWay;
    return ageMsMax === 0 ? this.#readOnce(partition) : nodes;
  }

  #isFresh(partition: number, cached: Cached, ageMsMax: number): boolean {
    const ageMs = this.#clock.monotonicMs() - cached.readAtMs;
    if (ageMs >= FLEET_STALE_MS) return false;
    return ageMs < ageMsMax || cached.changesSeen === (this.#changes.get(partition) ?? 0);
  }

  #readOnce(partition: number): Promise<PartitionNodes> {
    const underWay = this.#reading.get(partition);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(partition).finally(() => this.#reading.delete(partition));
    this.#reading.set(partition, reading);
    return reading;
  }

  async #read(partition: number): Promise<PartitionNodes> {
    const readAtMs = this.#clock.monotonicMs();
    const changesSeen = this.#changes.get(partition) ?? 0;
    const nodes = summarise(await this.#views.nodesOf(partition));
    this.#cache.set(partition, { nodes, readAtMs, changesSeen });
    return nodes;
  }
}

function summarise(views: readonly NodeView[]): PartitionNodes {
  const distributions = new Map<string, Map<SignalName, Distribution>>();
  const batches = { gaps: 0, dead: 0, duplicates: 0, held: 0 };
  for (const view of views) {
    const farm = distributions.get(view.farm) ?? new Map<SignalName, Distribution>();
    distributions.set(view.farm, farm);
    for (const name of SIGNAL_NAMES) {
      const sum = farm.get(name) ?? new Distribution();
      sum.add(distributionOf(view, name));
      farm.set(name, sum);
    }
    for (const field of ["gaps", "dead", "duplicates", "held"] as const)
      batches[field] += num(view.batches?.[field] ?? 0n);
  }
  return {
    lines: views.map(nodeLine),
    balances: sumBalances(views.map(balancesOf)),
    batches,
    recovered: views.reduce((sum, view) => sum + num(view.recovered), 0),
    distributions,
  };
}
