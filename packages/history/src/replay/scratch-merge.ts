import { WIDTHS_MS } from "@farmscope/domain";
import type { EventLog, LogReader } from "@farmscope/log";
import type { Clock, Logger } from "@farmscope/runtime";
import type { Keys, ViewStore } from "@farmscope/store";
import { lastValueFrom } from "rxjs";
import { Committer } from "../committer.ts";
import type { FoldLimits } from "../limits.ts";
import { mergePipeline } from "../merge-pipeline.ts";
import { MergeState } from "../merge-state.ts";
import { farmViewOf } from "../views.ts";

export interface ScratchMergeOptions {
  /** Where the partial windows are, and the farms' windows go. */
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keys: Keys;
  readonly partitions: number;
  readonly limits: FoldLimits;
  /** Only this farm is written. */
  readonly farm?: string;
}

interface Merging {
  readonly state: MergeState;
  readonly reader: LogReader;
  readonly committer: Committer;
}

/** Merges the farms' windows of a replay: every partition number's merging, by the live pipeline. */
export class ScratchMerge {
  readonly #options: ScratchMergeOptions;
  readonly #merging: readonly Merging[];

  private constructor(options: ScratchMergeOptions, merging: readonly Merging[]) {
    this.#options = options;
    this.#merging = merging;
  }

  static async open(options: ScratchMergeOptions): Promise<ScratchMerge> {
    const { log, store, keys, partitions } = options;
    const merging: Merging[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const silence = { silentThrough: 0, recordId: "", onForeign: () => {}, lostTail: false };
      const state = new MergeState({ partition, partitions, keys }, silence);
      const reader = await log.read({ kind: "view" }, { from: 1, allowTruncated: true });
      const committer = new Committer(`m${partition}`, await store.claim(`m${partition}`), options);
      merging.push({ state, reader, committer });
    }
    return new ScratchMerge(options, merging);
  }

  /** Merges every partial window that is there. @returns how many farms' windows that gave. */
  async step(): Promise<number> {
    let windows = 0;
    for (const merging of this.#merging) windows += await this.#stepOne(merging);
    return windows;
  }

  async #stepOne({ state, reader, committer }: Merging): Promise<number> {
    const { clock, logger, limits, farm, keys } = this.#options;
    const { signal } = new AbortController();
    const { pending } = state;
    let windows = 0;
    const flush = async (): Promise<void> => {
      const partition = state.settings.partition;
      const isOurs = (series: string): boolean =>
        farm === undefined || WIDTHS_MS.some((widthMs) => series === keys.farmWindows(partition, widthMs, farm));
      const effects = pending.effects.filter(({ key }) => farm === undefined || key === `farm/${farm}`);
      windows += effects.length;
      const puts = [...pending.changed].filter((name) => farm === undefined || name === farm);
      await committer.commit({
        position: pending.position,
        recordId: pending.recordId,
        effects,
        series: pending.series.filter(({ series }) => isOurs(series)).map((write) => ({ ...write, keepFromMs: 0 })),
        puts: puts.map((name) => farmViewOf(state, name)),
      });
      pending.clear();
    };
    const policy = { isDue: () => pending.writes > 0, isFull: () => pending.writes >= limits.commitWritesMax, flush };
    const pull = { reader, clock, logger, signal, recordsMax: limits.pullRecordsMax, waitMs: () => 0 };
    for (let before = -1; before !== pending.position; ) {
      before = pending.position;
      await lastValueFrom(mergePipeline(state, pull, policy), { defaultValue: undefined });
    }
    return windows;
  }
}
