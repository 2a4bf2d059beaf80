import type { FarmWindow, PartialWindow } from "@farmscope/proto";
import { partitionOf } from "../partition.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import { FarmRollup } from "./farm-rollup.ts";
import { MergingWindow } from "./merging-window.ts";
import { AMEND_MS_MAX, MERGE_WAIT_MS, WIDE_WIDTHS_MS, WINDOW_MS } from "./window-time.ts";

/** Closed windows are kept for amendments this much longer than partitions send them, in milliseconds. */
const MERGED_KEEP_MS = AMEND_MS_MAX + 60_000;

/** What became of partial windows, and of the farms' windows made of them. */
export interface MergeTally {
  /** Partials of windows that are kept no longer. */
  ignored: number;
  /** Partials, or parts of such, that were seen before. */
  repeated: number;
  /** Windows that closed without a partition. */
  incomplete: number;
  /** Records that amended a closed window. */
  amended: number;
}

/** What {@link FarmMerge.resume} goes on from. */
export interface MergeResumption {
  /** Position of the last record that was merged. */
  readonly position: number;
  readonly state: Uint8Array;
}

/**
 * Merges the partitions' partial windows into farms' windows, for the farms of one merging partition, and rolls those up
 * into wider ones. A window closes when every partition has spoken or can speak no more, or 15 s of append time after the
 * first one; what comes later amends it. Only records move time, so the same records give the same windows.
 */
export class FarmMerge {
  readonly tally: MergeTally = { ignored: 0, repeated: 0, incomplete: 0, amended: 0 };
  readonly #partition: number;
  readonly #partitions: number;
  readonly #windows = new Map<number, MergingWindow>();
  readonly #rollups = WIDE_WIDTHS_MS.map((widthMs) => new FarmRollup(widthMs));
  /** Start of the newest window by partition: an older one will not come from it any more. */
  readonly #newest = new Map<number, number>();
  /** Start of the last window by farm: a farm that is missing altogether still gets a record, of coverage 0. */
  readonly #farms = new Map<string, number>();
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #forgottenBeforeMs = Number.NEGATIVE_INFINITY;
  #closedThroughMs = Number.NEGATIVE_INFINITY;
  #resumption: MergeResumption | null = null;

  constructor(partition: number, partitions: number) {
    this.#partition = partition;
    this.#partitions = partitions;
  }

  /** Whether what stands in the log is still being collected for {@link resume}. */
  get isResuming(): boolean {
    return this.#resumption !== null;
  }

  /** Windows that are not closed yet. */
  get open(): number {
    return [...this.#windows.values()].filter((window) => !window.closed).length;
  }

  /**
   * Takes one partial of 10 s in the order of the log.
   * @param position where it stands there.
   * @returns the records that are due: closings by time, then amendments, then those of wider windows.
   */
  apply(partial: PartialWindow, appendedAtMs: number, position = 0): FarmWindow[] {
    if (partial.widthMs !== WINDOW_MS) return [];
    if (this.#resumption !== null) {
      if (position <= this.#resumption.position) {
        this.#collect(partial, appendedAtMs, position);
        return [];
      }
      this.#take(this.#resumption.state);
      this.#resumption = null;
    }
    this.#watermarkMs = Math.max(this.#watermarkMs, appendedAtMs);
    const amended = this.#merge(partial, appendedAtMs, position);
    const records = [...this.#closeDue(), ...amended];
    for (const rollup of this.#rollups) records.push(...rollup.closeThrough(this.#closedThroughMs));
    this.#forget();
    return records;
  }

  /** Position of the oldest record that {@link resume} has to see again, where `next` is to be merged next. */
  neededFrom(next: number): number {
    return [...this.#windows.values()].reduce((oldest, { firstPosition }) => Math.min(oldest, firstPosition), next);
  }

  /** Writes all but what stands in the log from {@link neededFrom} on. */
  encode(): Uint8Array {
    const into = new StateWriter();
    into.numbers([this.#watermarkMs, this.#forgottenBeforeMs, this.#closedThroughMs]);
    const { ignored, repeated, incomplete, amended } = this.tally;
    into.numbers([ignored, repeated, incomplete, amended]);
    into.list(this.#newest, ([partition, startMs]) => {
      into.count(partition);
      into.number(startMs);
    });
    into.list(this.#farms, ([farm, startMs]) => {
      into.text(farm);
      into.number(startMs);
    });
    into.list(this.#windows.values(), (window) => {
      into.numbers([window.startMs, window.firstAppendMs, window.firstPosition]);
      window.encode(into);
    });
    for (const rollup of this.#rollups) rollup.encode(into);
    return into.finish();
  }

  /**
   * To be called on a new one: the records from {@link neededFrom} to the position are seen again, for the nodes in them
   * alone; from the next one on, merging goes on.
   */
  resume(resumption: MergeResumption): void {
    this.#resumption = resumption;
  }

  /** Collects the nodes of windows that may be amended still. */
  #collect(partial: PartialWindow, appendedAtMs: number, position: number): void {
    const window = this.#windowAt(Number(partial.startMs), appendedAtMs, position);
    const nodes = window.collect(partial);
    if (nodes !== null)
      window.put(
        partial,
        nodes.filter((node) => this.#isOurs(node.farm)),
      );
  }

  /** @throws {WireFormatError} malformed. */
  #take(state: Uint8Array): void {
    const from = new StateReader(state);
    [this.#watermarkMs, this.#forgottenBeforeMs, this.#closedThroughMs] = from.numbers() as [number, number, number];
    const [ignored, repeated, incomplete, amended] = from.numbers();
    Object.assign(this.tally, { ignored, repeated, incomplete, amended });
    from.list(() => this.#newest.set(from.count(), from.number()));
    from.list(() => this.#farms.set(from.text(), from.number()));
    const collected = new Map(this.#windows);
    this.#windows.clear();
    from.list(() => {
      const [startMs, firstAppendMs, firstPosition] = from.numbers() as [number, number, number];
      const window = collected.get(startMs) ?? new MergingWindow(startMs, firstAppendMs, firstPosition);
      window.decode(from);
      this.#windows.set(startMs, window);
    });
    for (const rollup of this.#rollups) rollup.decode(from);
    from.expectEnd();
  }

  #windowAt(startMs: number, appendedAtMs: number, position: number): MergingWindow {
    const window = this.#windows.get(startMs) ?? new MergingWindow(startMs, appendedAtMs, position);
    this.#windows.set(startMs, window);
    return window;
  }

  #isOurs(farm: string): boolean {
    return partitionOf(farm, this.#partitions) === this.#partition;
  }

  /** @returns the amendments that follow, when the window is closed. */
  #merge(partial: PartialWindow, appendedAtMs: number, position: number): FarmWindow[] {
    const startMs = Number(partial.startMs);
    if (partial.partition >= this.#partitions || startMs < this.#forgottenBeforeMs) {
      this.tally.ignored++;
      return [];
    }
    const window = this.#windowAt(startMs, appendedAtMs, position);
    const nodes = window.collect(partial);
    if (nodes === null) {
      if (window.revisions.has(partial.partition)) this.tally.repeated++;
      return [];
    }
    this.#newest.set(partial.partition, Math.max(this.#newest.get(partial.partition) ?? startMs, startMs));
    const ours = nodes.filter((node) => this.#isOurs(node.farm));
    const farms = [...new Set(ours.map(({ farm }) => farm))].sort();
    for (const farm of farms) this.#farms.set(farm, Math.max(this.#farms.get(farm) ?? startMs, startMs));
    const before = window.closed ? farms.map((farm) => window.writtenOf(farm, this.#partitions)) : [];
    window.put(partial, ours);
    if (!window.closed) return [];
    this.tally.amended += farms.length;
    return farms.map((farm, at) => this.#write(window, farm, before[at]!));
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
    this.#closedThroughMs = Math.max(this.#closedThroughMs, window.startMs + WINDOW_MS);
    if (window.revisions.size < this.#partitions) this.tally.incomplete++;
    const farms = new Set([...this.#farms.keys(), ...window.farms]);
    return [...farms].sort().map((farm) => this.#write(window, farm, null));
  }

  #write(window: MergingWindow, farm: string, before: FarmWindow | null): FarmWindow {
    const record = window.write(farm, this.#partitions);
    for (const rollup of this.#rollups) rollup.add(before, record);
    return record;
  }

  #forget(): void {
    const newestMs = Math.max(...this.#windows.keys(), Number.NEGATIVE_INFINITY);
    this.#forgottenBeforeMs = Math.max(this.#forgottenBeforeMs, newestMs - MERGED_KEEP_MS);
    for (const startMs of this.#windows.keys()) if (startMs < this.#forgottenBeforeMs) this.#windows.delete(startMs);
    const farmKeptMs = newestMs - AMEND_MS_MAX - WINDOW_MS;
    for (const [farm, startMs] of this.#farms) if (startMs < farmKeptMs) this.#farms.delete(farm);
    for (const rollup of this.#rollups) rollup.forget(this.#forgottenBeforeMs);
  }
}
