import { zstdCompressSync } from "node:zlib";
import { FOLD_VERSION } from "@farmscope/domain";
import { create, PageMapViewSchema, toBinary } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import type { Focus } from "./focus.ts";
import type { PartitionNode, PartitionState } from "./partition-state.ts";
import type { ViewWrite } from "./pending.ts";

interface Written {
  readonly atMs: number;
  readonly position: number;
}

/** Writes the page maps of nodes in focus with each commit, at most one a second and node, and only when it changed. */
export class PageMaps {
  readonly #focus: Focus;
  readonly #clock: Clock;
  readonly #written = new Map<string, Written>();

  constructor(focus: Focus, clock: Clock) {
    this.#focus = focus;
    this.#clock = clock;
  }

  /** True when a node of the partition is in focus and its map in the store is older than the node. */
  isDue(state: PartitionState): boolean {
    return this.#due(state).length > 0;
  }

  /** The maps that are due, as many as one commit takes. Cost: one pass over each node's map. */
  take(state: PartitionState): ViewWrite[] {
    const due = this.#due(state).slice(0, state.settings.limits.pageMapsPerCommitMax);
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
        const { pageMapIntervalMs, pageMapKeepMs } = state.settings.limits;
        const ageMs = nowMs - written.atMs;
        return ageMs >= pageMapIntervalMs && (fold.position !== written.position || ageMs >= pageMapKeepMs / 2);
      });
  }

  #write(state: PartitionState, { node, fold }: PartitionNode): ViewWrite {
    const { keys, partition, limits } = state.settings;
    const view = create(PageMapViewSchema, {
      foldVersion: FOLD_VERSION,
      node,
      position: BigInt(fold.position),
      watermarkMs: BigInt(state.windows.watermarkMs),
      tick: BigInt(Math.floor(fold.pages.newestTick)),
      ...(fold.facts === null ? {} : { facts: fold.facts }),
      frames: fold.pages.frames,
      runsZstd: zstdCompressSync(fold.pages.encodeRuns()),
    });
    const value = toBinary(PageMapViewSchema, view);
    return { key: keys.pageMap(partition, node), value, ttlMs: limits.pageMapKeepMs };
  }
}
