import { partitionOf, WINDOW_MS } from "@farmscope/domain";
import {
  type FarmView,
  FarmViewSchema,
  type FarmWindow,
  FarmWindowSchema,
  fromBinary,
  type NodeView,
  NodeViewSchema,
  type NodeWindow,
  NodeWindowSchema,
  type PageMapView,
  PageMapViewSchema,
} from "@farmscope/proto";
import type { Keys, ViewStore } from "@farmscope/store";
import type { Period } from "../period.ts";
import { notFound } from "../problems.ts";

/** A closed window with its start. */
export interface Started<T> {
  readonly startMs: number;
  readonly window: T;
}

/**
 * Reads views from the store, decoded. Every method throws OperatingError STORE_UNAVAILABLE (retriable) when the store
 * is away; those that name one thing throw NOT_FOUND when it is not there.
 */
export class Views {
  readonly #store: ViewStore;
  readonly #keys: Keys;
  readonly #partitions: number;

  constructor(store: ViewStore, keys: Keys, partitions: number) {
    this.#store = store;
    this.#keys = keys;
    this.#partitions = partitions;
  }

  get partitions(): number {
    return this.#partitions;
  }

  async node(node: string): Promise<NodeView> {
    const bytes = await this.#store.get(this.#keys.node(this.#partitionOf(node), node));
    if (bytes === null) throw notFound("node", node);
    return fromBinary(NodeViewSchema, bytes);
  }

  /** All nodes of a partition, by id. Nodes without a view (deleted meanwhile) are left out. */
  async nodesOf(partition: number): Promise<NodeView[]> {
    const names = await this.#store.list(this.#keys.nodeIndex(partition));
    const values = await this.#store.getMany(names.map((node) => this.#keys.node(partition, node)));
    return values.filter((bytes) => bytes !== null).map((bytes) => fromBinary(NodeViewSchema, bytes));
  }

  async pageMap(node: string): Promise<PageMapView | null> {
    const bytes = await this.#store.get(this.#keys.pageMap(this.#partitionOf(node), node));
    return bytes === null ? null : fromBinary(PageMapViewSchema, bytes);
  }

  /** The farm's newest closed window. */
  async farm(farm: string): Promise<FarmWindow> {
    const bytes = await this.#store.get(this.#keys.farm(this.#partitionOf(farm), farm));
    const latest = bytes === null ? undefined : fromBinary(FarmViewSchema, bytes).latest;
    if (latest === undefined) throw notFound("farm", farm);
    return latest;
  }

  /** The newest closed window of every farm, by name. */
  async farms(): Promise<FarmWindow[]> {
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => partition);
    const views = await Promise.all(partitions.map((partition) => this.farmsOf(partition)));
    return views.flat().sort((a, b) => (a.farm < b.farm ? -1 : 1));
  }

  /** The newest closed window of the farms that are merged for a partition. */
  async farmsOf(partition: number): Promise<FarmWindow[]> {
    const names = await this.#store.list(this.#keys.farmIndex(partition));
    const values = await this.#store.getMany(names.map((farm) => this.#keys.farm(partition, farm)));
    return values
      .filter((bytes) => bytes !== null)
      .map((bytes): FarmView => fromBinary(FarmViewSchema, bytes))
      .flatMap((view) => (view.latest === undefined ? [] : [view.latest]));
  }

  async nodeWindows(node: string, period: Period): Promise<Started<NodeWindow>[]> {
    const series = this.#keys.nodeWindows(this.#partitionOf(node), WINDOW_MS, node);
    const entries = await this.#store.range(series, period.fromMs, period.toMs);
    return entries.map(({ startMs, value }) => ({ startMs, window: fromBinary(NodeWindowSchema, value) }));
  }

  async farmWindows(farm: string, period: Period): Promise<Started<FarmWindow>[]> {
    const series = this.#keys.farmWindows(this.#partitionOf(farm), WINDOW_MS, farm);
    const entries = await this.#store.range(series, period.fromMs, period.toMs);
    return entries.map(({ startMs, value }) => ({ startMs, window: fromBinary(FarmWindowSchema, value) }));
  }

  #partitionOf(name: string): number {
    return partitionOf(name, this.#partitions);
  }
}
