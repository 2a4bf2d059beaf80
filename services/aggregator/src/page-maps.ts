import { type PartitionNode, type PartitionState, pageMapViewOf, type ViewWrite } from "@farmscope/history";
import { PageMapViewSchema, toBinary } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import type { AggregatorLimits } from "./config.ts";
import type { Focus } from "./focus.ts";

interface Written {
  readonly atMs: number;
  readonly position: number;
}

/** Writes the page maps of nodes in focus with each commit, at most one a second and node, and only when it changed. */
export class PageMaps {
  readonly #focus: Focus;
  readonly #clock: Clock;
  readonly #limits: AggregatorLimits;
  readonly #written = new Map<string, Written>();

  constructor(focus: Focus, clock: Clock, limits: AggregatorLimits) {
    this.#focus = focus;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** True when a node of the partition is in focus and its map in the store is older than the node. */
  isDue(state: PartitionState): boolean {
    return this.#due(state).length > 0;
  }

  /** The maps that are due, as many as one commit takes. Cost: one pass over each node's map. */
  take(state: PartitionState): ViewWrite[] {
    const due = this.#due(state).slice(0, this.#limits.pageMapsPerCommitMax);
    for (const node of due) {
      this.#written.set(node.node, { atMs: this.#clock.monotonicMs(), position: node.fold.position });
    }
    return due.map((node) => this.#write(state, node));
  }

  #due(state: PartitionState): PartitionNode[] {
    const nowMs = this.#clock.monotonicMs();
    return this.#focus
      .nodes()
      .map((node) => state.nodes.get(node))
      .filter((node) => node !== undefined)
      .filter(({ node, fold }) => {
        const written = this.#written.get(node);
        if (fold.facts === null) return false;
        if (written === undefined) return true;
        const { pageMapIntervalMs, pageMapKeepMs } = this.#limits;
        const ageMs = nowMs - written.atMs;
        return ageMs >= pageMapIntervalMs && (fold.position !== written.position || ageMs >= pageMapKeepMs / 2);
      });
  }

  #write(state: PartitionState, node: PartitionNode): ViewWrite {
    const { keys, partition } = state.settings;
    const value = toBinary(PageMapViewSchema, pageMapViewOf(state, node));
    return { key: keys.pageMap(partition, node.node), value, ttlMs: this.#limits.pageMapKeepMs };
  }
}
