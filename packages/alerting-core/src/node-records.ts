import type { NodeWindow, PartialWindow } from "@farmscope/proto";

/**
 * Event time for which the nodes' records of a window wait for the records of its farms, in milliseconds: farms close
 * 15 s after the first partition at the latest.
 */
export const NODE_RECORDS_KEEP_MS = 40_000;

interface WindowNodes {
  readonly position: number;
  readonly nodes: Map<string, NodeWindow>;
}

/** The nodes' own records of the newest windows, as the partitions gave them: a farm's record has only a line of each. */
export class NodeRecords {
  readonly #windows = new Map<number, WindowNodes>();
  #newestMs = Number.NEGATIVE_INFINITY;

  /** Takes a partition's part of a window; a later revision stands over an earlier one. */
  add(partial: PartialWindow, position: number): void {
    const startMs = Number(partial.startMs);
    if (startMs < this.#newestMs - NODE_RECORDS_KEEP_MS) return;
    const window = this.#windows.get(startMs) ?? { position, nodes: new Map<string, NodeWindow>() };
    // In the window in which a node moves, its part of the farm that it left stands beside that of its farm.
    for (const node of partial.nodes) if (!node.left) window.nodes.set(node.node, node);
    this.#windows.set(startMs, window);
    this.#newestMs = Math.max(this.#newestMs, startMs);
    for (const known of this.#windows.keys()) {
      if (known < this.#newestMs - NODE_RECORDS_KEEP_MS) this.#windows.delete(known);
    }
  }

  /** Records of a window, by node; none when they came too long ago, or not yet. */
  of(startMs: number): ReadonlyMap<string, NodeWindow> {
    return this.#windows.get(startMs)?.nodes ?? NONE;
  }

  /** Position of the oldest record kept; null when there is none. */
  get oldestPosition(): number | null {
    let oldest: number | null = null;
    for (const { position } of this.#windows.values()) oldest = Math.min(oldest ?? position, position);
    return oldest;
  }
}

const NONE: ReadonlyMap<string, NodeWindow> = new Map();
