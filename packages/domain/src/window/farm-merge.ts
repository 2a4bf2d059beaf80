import type { FarmWindow, NodeWindow, PartialWindow } from "@farmscope/proto";
import { partitionOf } from "../partition.ts";
import { farmWindow } from "./farm-window.ts";
import { AMEND_MS_MAX, MERGE_WAIT_MS, WINDOW_MS } from "./window-time.ts";

/** Closed windows are kept for amendments this much longer than partitions send them, in milliseconds. */
const MERGED_KEEP_MS = AMEND_MS_MAX + 60_000;

/** One window on its way to be merged. */
class MergingWindow {
  readonly startMs: number;
  readonly firstAppendMs: number;
  closed = false;
  /** Newest revision by partition. */
  readonly revisions = new Map<number, number>();
  readonly nodes = new Map<string, NodeWindow>();
  /** Number of records written by farm; the next record's revision. */
  readonly written = new Map<string, number>();

  constructor(startMs: number, firstAppendMs: number) {
    this.startMs = startMs;
    this.firstAppendMs = firstAppendMs;
  }

  /** Takes a partial. Returns the farms it touched, or null when it was seen before. */
  take(partial: PartialWindow, isOurs: (farm: string) => boolean): Set<string> | null {
    const known = this.revisions.get(partial.partition);
    if (known !== undefined && partial.revision <= known) return null;
    this.revisions.set(partial.partition, partial.revision);
    const farms = new Set<string>();
    for (const node of partial.nodes) {
      if (!isOurs(node.farm)) continue;
      this.nodes.set(node.node, node);
      farms.add(node.farm);
    }
    return farms;
  }
}

/**
 * Merges the partitions' partial windows into farms' windows, for the farms of one merging partition. A window closes
 * when every partition has spoken or can speak no more, or 15 s of append time after the first one; what comes later
 * amends it. Only records move time, so the same records give the same windows.
 */
export class FarmMerge {
  readonly #partition: number;
  readonly #partitions: number;
  readonly #windows = new Map<number, MergingWindow>();
  /** Start of the newest window by partition: an older one will not come from it any more. */
  readonly #newest = new Map<number, number>();
  /** Start of the last window by farm: a farm that is missing altogether still gets a record, of coverage 0. */
  readonly #farms = new Map<string, number>();
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #forgottenBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(partition: number, partitions: number) {
    this.#partition = partition;
    this.#partitions = partitions;
  }

  /** Takes one partial in the order of the log. Returns the records that are due: closings by time, then amendments. */
  apply(partial: PartialWindow, appendedAtMs: number): FarmWindow[] {
    this.#watermarkMs = Math.max(this.#watermarkMs, appendedAtMs);
    const touched = this.#take(partial, appendedAtMs);
    const records = this.#closeDue();
    if (touched !== null) records.push(...this.#amend(touched.window, touched.farms));
    this.#forget();
    return records;
  }

  #take(partial: PartialWindow, appendedAtMs: number) {
    const startMs = Number(partial.startMs);
    if (partial.partition >= this.#partitions || startMs < this.#forgottenBeforeMs) return null;
    this.#newest.set(partial.partition, Math.max(this.#newest.get(partial.partition) ?? startMs, startMs));
    const window = this.#windows.get(startMs) ?? new MergingWindow(startMs, appendedAtMs);
    this.#windows.set(startMs, window);
    const wasClosed = window.closed;
    const farms = window.take(partial, (farm) => partitionOf(farm, this.#partitions) === this.#partition);
    if (farms === null) return null;
    for (const farm of farms) this.#farms.set(farm, Math.max(this.#farms.get(farm) ?? startMs, startMs));
    return wasClosed ? { window, farms } : null;
  }

  #closeDue(): FarmWindow[] {
    const due = [...this.#windows.values()]
      .filter((window) => !window.closed && this.#isDue(window))
      .sort((a, b) => a.startMs - b.startMs);
    return due.flatMap((window) => this.#close(window));
  }

  #isDue(window: MergingWindow): boolean {
    if (this.#watermarkMs >= window.firstAppendMs + MERGE_WAIT_MS) return true;
    for (let partition = 0; partition < this.#partitions; partition++) {
      const spoke = window.revisions.has(partition);
      const passed = (this.#newest.get(partition) ?? Number.NEGATIVE_INFINITY) > window.startMs;
      if (!spoke && !passed) return false;
    }
    return true;
  }

  #close(window: MergingWindow): FarmWindow[] {
    window.closed = true;
    const farms = new Set(this.#farms.keys());
    for (const node of window.nodes.values()) farms.add(node.farm);
    return [...farms].sort().map((farm) => this.#write(window, farm));
  }

  #amend(window: MergingWindow, farms: ReadonlySet<string>): FarmWindow[] {
    return [...farms].sort().map((farm) => this.#write(window, farm));
  }

  #write(window: MergingWindow, farm: string): FarmWindow {
    const revision = window.written.get(farm) ?? 0;
    window.written.set(farm, revision + 1);
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => partition);
    return farmWindow({
      farm,
      startMs: window.startMs,
      revision,
      nodes: [...window.nodes.values()].filter((node) => node.farm === farm),
      partitionsUsed: partitions.filter((partition) => window.revisions.has(partition)),
      partitionsMissing: partitions.filter((partition) => !window.revisions.has(partition)),
    });
  }

  #forget(): void {
    const newestMs = Math.max(...this.#windows.keys(), Number.NEGATIVE_INFINITY);
    this.#forgottenBeforeMs = Math.max(this.#forgottenBeforeMs, newestMs - MERGED_KEEP_MS);
    for (const startMs of this.#windows.keys()) if (startMs < this.#forgottenBeforeMs) this.#windows.delete(startMs);
    const farmKeptMs = newestMs - AMEND_MS_MAX - WINDOW_MS;
    for (const [farm, startMs] of this.#farms) if (startMs < farmKeptMs) this.#farms.delete(farm);
  }
}
