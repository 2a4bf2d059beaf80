import { FOLD_VERSION, WIDTHS_MS, WINDOW_MS } from "@farmscope/domain";
import { type EventLog, MemoryLog } from "@farmscope/log";
import { type Clock, type Logger, ManualClock, messageOf, OperatingError } from "@farmscope/runtime";
import type { Keys, ViewStore } from "@farmscope/store";
import { Committer } from "../committer.ts";
import { FOLD_LIMITS, type FoldLimits } from "../limits.ts";
import { Pace, type ReplaySpeed } from "./pace.ts";
import { PartitionFold, type TimeRange } from "./partition-fold.ts";
import { ScratchMerge } from "./scratch-merge.ts";

/** Append time that is folded in every partition before any goes on, in milliseconds. */
const SLICE_MS = 1_000;
const VIEWS_PER_COMMIT = 500;

export interface ReplayOptions {
  readonly log: EventLog;
  /** The scratch store; its keys are made by `keys`. */
  readonly store: ViewStore;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Namespace of the log. */
  readonly namespace: string;
  readonly partitions: number;
  readonly range: TimeRange;
  readonly speed: ReplaySpeed;
  readonly nodes?: ReadonlySet<string>;
  /** Only this farm's windows and its nodes are written. */
  readonly farm?: string;
  readonly limits?: Partial<FoldLimits>;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export interface ReplayProgress {
  readonly state: "running" | "complete" | "cancelled" | "failed";
  readonly fromMs: number;
  readonly toMs: number;
  /** Append time up to which everything is folded, Unix milliseconds. */
  readonly atMs: number;
  readonly events: number;
  /** Partial and farm windows written. */
  readonly windows: number;
  readonly eventsPerS: number;
}

/**
 * Folds a past range of the log again, by the live code, into a scratch store: from the checkpoint at or before its
 * beginning. The partitions go on side by side, one second of append time at a time, so the same range gives the same
 * farms' windows however fast it is read. Live readers are not touched.
 * @returns "complete", or "cancelled" when `signal` fired; what was folded until then is in the store.
 * @throws {OperatingError} USAGE when the scratch namespace holds a replay already.
 */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<ReplayProgress> {
  const { store, keys } = options;
  if ((await store.get(keys.replay())) !== null) {
    throw new OperatingError("USAGE", `${keys.namespace} holds a replay already`, { remedy: "choose another name" });
  }
  const run = await Replay.open(options);
  try {
    return await run.run(signal);
  } catch (error) {
    await run.record("failed").catch(() => {});
    throw error;
  } finally {
    await run.close();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #folds: PartitionFold[];
  readonly #committers: Committer[];
  readonly #merge: ScratchMerge;
  readonly #pace: Pace;
  readonly #scratchClock: ManualClock;
  readonly #eventsBefore: number;
  #atMs = 0;
  #windows = 0;

  private constructor(
    options: ReplayOptions,
    folds: PartitionFold[],
    committers: Committer[],
    merge: ScratchMerge,
    scratchClock: ManualClock,
  ) {
    this.#options = options;
    this.#folds = folds;
    this.#committers = committers;
    this.#merge = merge;
    this.#scratchClock = scratchClock;
    this.#pace = new Pace(options.clock, options.speed, options.range.fromMs);
    this.#eventsBefore = this.#events();
  }

  static async open(options: ReplayOptions): Promise<Replay> {
    const { store, clock, logger, keys, partitions, farm } = options;
    const limits = { ...FOLD_LIMITS, ...options.limits };
    const numbers = Array.from({ length: partitions }, (_, partition) => partition);
    const folds: PartitionFold[] = [];
    for (const partition of numbers) folds.push(await PartitionFold.open({ ...options, limits, partition }));
    // Records of the scratch are dated by the range's own time, so that nothing depends on how fast it is folded.
    const scratchClock = new ManualClock(0);
    const scratch = new MemoryLog({ clock: scratchClock, partitions });
    const ports = { log: scratch, store, clock, logger };
    const committers = await Promise.all(
      numbers.map(async (partition) => new Committer(`p${partition}`, await store.claim(`p${partition}`), ports)),
    );
    const merge = await ScratchMerge.open({
      ...ports,
      keys,
      partitions,
      limits,
      ...(farm === undefined ? {} : { farm }),
    });
    return new Replay(options, folds, committers, merge, scratchClock);
  }

  async run(signal: AbortSignal): Promise<ReplayProgress> {
    await this.record("running");
    for (
      let limitMs = await this.#firstLimit();
      limitMs !== null && !signal.aborted;
      limitMs = await this.#nextLimit(limitMs)
    ) {
      await this.#scratchClock.advance(Math.max(0, limitMs - this.#scratchClock.nowMs()));
      for (const [at, fold] of this.#folds.entries())
        await fold.foldBefore(limitMs, (emitted) => this.#commit(at, emitted));
      this.#windows += await this.#merge.step();
      this.#atMs = limitMs;
      this.#options.onProgress?.(this.#progress("running"));
      await this.#pace.after(limitMs, this.#bytes(), signal);
    }
    for (const [at, fold] of this.#folds.entries()) await this.#commitViews(at, fold);
    return await this.record(signal.aborted ? "cancelled" : "complete");
  }

  /** Says in the scratch store what became of it. */
  async record(state: ReplayProgress["state"]): Promise<ReplayProgress> {
    const { store, keys } = this.#options;
    const progress = this.#progress(state);
    const { epoch, incarnation, position } = await store.claim("a0");
    const value = new TextEncoder().encode(
      JSON.stringify({ ...progress, foldVersion: FOLD_VERSION, windowMs: WINDOW_MS }),
    );
    const puts = [{ key: keys.replay(), value }];
    await store.commit("a0", {
      epoch,
      incarnation,
      previousPosition: position,
      position,
      recordId: "",
      puts,
      deletes: [],
      series: [],
    });
    this.#options.onProgress?.(progress);
    return progress;
  }

  async close(): Promise<void> {
    for (const { reader } of this.#folds) {
      await reader.close().catch((error: unknown) => this.#options.logger.warn(messageOf(error)));
    }
  }

  async #commit(
    at: number,
    { position, recordId, effects, series, puts }: Parameters<Parameters<PartitionFold["foldBefore"]>[1]>[0],
  ): Promise<void> {
    this.#windows += effects.length;
    const wanted = this.#wanted(at);
    await this.#committers[at]!.commit({
      position,
      recordId,
      effects,
      series: series.filter((write) => wanted(write.series)),
      puts: puts.filter((put) => wanted(put.key)),
    });
  }

  async #commitViews(at: number, fold: PartitionFold): Promise<void> {
    const committer = this.#committers[at]!;
    const wanted = this.#wanted(at);
    const views = fold.views().filter(({ key }) => wanted(key));
    const { position, recordId } = fold.state.pending;
    const place = position === 0 ? { position: committer.position, recordId: "" } : { position, recordId };
    for (let from = 0; from < Math.max(1, views.length); from += VIEWS_PER_COMMIT) {
      const puts = views.slice(from, from + VIEWS_PER_COMMIT);
      await committer.commit({ ...place, effects: [], series: [], puts });
    }
  }

  /** Which keys of the store are to be written: all, or those of the farm's nodes. */
  #wanted(at: number): (key: string) => boolean {
    const { farm, keys } = this.#options;
    if (farm === undefined) return () => true;
    const { state, partition } = this.#folds[at]!;
    const ours = [...state.nodes.values()].filter(({ fold }) => fold.farm === farm).map(({ node }) => node);
    const wanted = new Set(
      ours.flatMap((node) => [
        keys.node(partition, node),
        ...WIDTHS_MS.map((widthMs) => keys.nodeWindows(partition, widthMs, node)),
      ]),
    );
    return (key) => wanted.has(key);
  }

  async #firstLimit(): Promise<number | null> {
    return this.#nextLimit(Number.NEGATIVE_INFINITY);
  }

  /** End of the next slice in which anything happened; null when all is done. */
  async #nextLimit(limitMs: number): Promise<number | null> {
    let next: number | null = null;
    for (const fold of this.#folds) {
      const atMs = fold.isDone ? null : await fold.reader.nextAtMs();
      if (atMs !== null) next = Math.min(next ?? atMs, atMs);
    }
    return next === null ? null : Math.max(limitMs, Math.floor(next / SLICE_MS) * SLICE_MS) + SLICE_MS;
  }

  #bytes(): number {
    return this.#folds.reduce((sum, { reader }) => sum + reader.bytes, 0);
  }

  #events(): number {
    return this.#folds.reduce((sum, fold) => sum + fold.events, 0);
  }

  #progress(state: ReplayProgress["state"]): ReplayProgress {
    const { fromMs, toMs } = this.#options.range;
    const events = this.#events() - this.#eventsBefore;
    const eventsPerS = Math.round((events * 1000) / Math.max(1, this.#pace.elapsedMs));
    return { state, fromMs, toMs, atMs: this.#atMs, events, windows: this.#windows, eventsPerS };
  }
}
