import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import type { ControlAppender } from "@farmscope/control";
import { partitionOf } from "@farmscope/domain";
import type { NodeView, PageMapView } from "@farmscope/proto";
import { type Clock, OperatingError } from "@farmscope/runtime";
import { FOCUS_MS, FOCUS_NODES_MAX, PAGE_MAP_BYTES_MAX, PAGE_MAP_STALE_MS, PAGE_MAP_WAIT_MS } from "../limits.ts";
import { num } from "../measure/number.ts";
import type { CommitBell } from "./commit-bell.ts";
import type { Views } from "./views.ts";

const decompress = promisify(zstdDecompress);

/** A page map, and its runs decompressed. */
export interface PageMap {
  readonly view: PageMapView;
  readonly runs: Uint8Array;
}

/**
 * Page maps are kept only of nodes in focus. Asking for one puts its node in focus, by a record in the control stream,
 * and waits for the owner of its partition to write the map.
 */
export class PageMaps {
  readonly #views: Views;
  readonly #control: ControlAppender;
  readonly #clock: Clock;
  readonly #bell: CommitBell;
  /** Nodes that were put in focus here, with the end of it; the oldest first. */
  readonly #focusUntilMs = new Map<string, number>();

  constructor(views: Views, control: ControlAppender, clock: Clock, bell: CommitBell) {
    this.#views = views;
    this.#control = control;
    this.#clock = clock;
    this.#bell = bell;
  }

  /**
   * The newest map of a node: a fresh one, or after PAGE_MAP_WAIT_MS the one that there is.
   * @throws {OperatingError} NOT_FOUND no such node; VIEW_NOT_READY no map in time; STORE_UNAVAILABLE, LOG_UNAVAILABLE.
   */
  async get(node: string, signal: AbortSignal): Promise<PageMap> {
    const [present, view] = await Promise.all([this.#views.pageMap(node), this.#views.node(node)]);
    await this.#keepInFocus(node);
    const map = present !== null && isFresh(present, view) ? present : await this.#wait(node, signal);
    if (map === null) {
      throw new OperatingError("VIEW_NOT_READY", `no page map of "${node}" came within ${PAGE_MAP_WAIT_MS} ms`, {
        retriable: true,
        remedy:
          "ask again; a page map is written when its node sends its next batch. Is its partition owned? See /api/v1/status",
      });
    }
    return { view: map, runs: await decompress(map.runsZstd, { maxOutputLength: PAGE_MAP_BYTES_MAX }) };
  }

  async #wait(node: string, signal: AbortSignal): Promise<PageMapView | null> {
    const scope = `p${partitionOf(node, this.#views.partitions)}` as const;
    const deadlineMs = this.#clock.monotonicMs() + PAGE_MAP_WAIT_MS;
    let map: PageMapView | null = null;
    for (;;) {
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) return map;
      await this.#bell.next(scope, leftMs, signal);
      map = await this.#views.pageMap(node);
      if (map !== null && isFresh(map, await this.#views.node(node))) return map;
    }
  }

  /** Appends a Focus record unless the node stays in focus for another half of FOCUS_MS anyway. */
  async #keepInFocus(node: string): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if ((this.#focusUntilMs.get(node) ?? 0) - nowMs > FOCUS_MS / 2) return;
    const untilMs = nowMs + FOCUS_MS;
    this.#focusUntilMs.delete(node);
    this.#focusUntilMs.set(node, untilMs);
    const oldest = this.#focusUntilMs.keys().next();
    if (this.#focusUntilMs.size > FOCUS_NODES_MAX && !oldest.done) this.#focusUntilMs.delete(oldest.value);
    try {
      await this.#control.append({ case: "focus", value: { node, untilMs: BigInt(untilMs) } });
    } catch (error) {
      this.#focusUntilMs.delete(node);
      throw error;
    }
  }
}

/** Whether the map is about as new as the node's view. */
function isFresh(map: PageMapView, view: NodeView): boolean {
  return map.position >= view.position || num(view.lastEventMs) - num(map.watermarkMs) <= PAGE_MAP_STALE_MS;
}
