import type { EventLog } from "@farmscope/log";
import type { Clock, Logger } from "@farmscope/runtime";
import type { Keys, SeriesWrite } from "@farmscope/store";
import { lastValueFrom } from "rxjs";
import { restore } from "../checkpoint/restore.ts";
import type { Effect } from "../effects.ts";
import type { FoldLimits } from "../limits.ts";
import { PartitionState } from "../partition-state.ts";
import { pastPipeline } from "../past-pipeline.ts";
import type { ViewWrite } from "../pending.ts";
import { nodeViewOf } from "../views.ts";
import { RangeReader } from "./range-reader.ts";

/** Windows that start in [fromMs, toMs), Unix milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PartitionFoldOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keys: Keys;
  readonly limits: FoldLimits;
  readonly namespace: string;
  readonly partition: number;
  readonly partitions: number;
  readonly range: TimeRange;
  /** Only these nodes are folded. Default: all. */
  readonly nodes?: ReadonlySet<string>;
  /** Position of the last record to be folded. Default: the newest one now. */
  readonly last?: number;
  /** Which checkpoint at or before the range to begin with. Default: the newest. */
  readonly checkpoint?: "newest" | "oldest" | "none";
}

/** What folding gave since it was asked for last. */
export interface Emitted {
  readonly position: number;
  readonly recordId: string;
  readonly effects: readonly Effect[];
  readonly series: readonly SeriesWrite[];
  readonly puts: readonly ViewWrite[];
}

/** Folds a past range of one partition by the live pipeline, with a reader of its own. Nothing of it touches the live. */
export class PartitionFold {
  readonly partition: number;
  readonly state: PartitionState;
  /** Position behind which the fold began; the state there came from a checkpoint, or is the log's beginning. */
  readonly beganAt: number;
  readonly reader: RangeReader;
  readonly #options: PartitionFoldOptions;

  private constructor(options: PartitionFoldOptions, state: PartitionState, beganAt: number, reader: RangeReader) {
    this.partition = options.partition;
    this.#options = options;
    this.state = state;
    this.beganAt = beganAt;
    this.reader = reader;
  }

  static async open(options: PartitionFoldOptions): Promise<PartitionFold> {
    const { log, logger, keys, limits, namespace, partition, partitions, range, nodes } = options;
    const stream = { kind: "event", partition } as const;
    const positions = await log.positions(stream);
    const last = options.last ?? positions.last;
    const { messageBytesMax } = log;
    const settings = { namespace, partition, partitions, keys, limits, messageBytesMax, ...(nodes ? { nodes } : {}) };
    const silence = { silentThrough: 0, recordId: "", onForeign: () => {}, lostTail: false };
    const fresh = (openBeginning: boolean): PartitionState => new PartitionState(settings, silence, openBeginning);
    const restored = await restore({
      log,
      logger,
      partition,
      positions,
      throughMax: options.checkpoint === "none" ? -1 : last,
      watermarkMsMax: options.checkpoint === "oldest" ? Number.POSITIVE_INFINITY : range.fromMs,
      oldest: options.checkpoint === "oldest",
      ...(nodes ? { nodes } : {}),
      fresh,
    });
    const { state, from, through } = restored;
    state.pending.silence(through);
    const reader = await log.read(stream, { from, allowTruncated: true });
    return new PartitionFold(options, state, Math.max(through, from - 1), new RangeReader(reader, from, last));
  }

  /** True when every window of the range is closed, or the log ends before. */
  get isDone(): boolean {
    return this.reader.isOver || this.state.windows.openFromMs >= this.#options.range.toMs;
  }

  /** Events in the state that were folded here or before. */
  get events(): number {
    let events = 0;
    for (const { fold } of this.state.nodes.values()) {
      const { pages, runq, gc } = fold.accounts;
      events += pages.balance().folded + runq.balance().folded + gc.balance().folded;
    }
    return events;
  }

  /** Folds what was appended before a time, and hands out what that gave, in pieces. */
  async foldBefore(limitMs: number, take: (emitted: Emitted) => Promise<void>): Promise<void> {
    const { clock, logger, limits } = this.#options;
    this.reader.limitMs = limitMs;
    const { signal } = new AbortController();
    const { reader, state } = this;
    const flush = (): Promise<void> => this.#flush(take);
    const isFull = (): boolean => state.pending.writes >= limits.commitWritesMax;
    const policy = { isDue: () => state.pending.writes > 0, isFull, flush };
    const pull = { reader, clock, logger, signal, recordsMax: limits.pullRecordsMax, waitMs: () => 0 };
    while (!this.isDone) {
      const before = state.pending.position;
      await lastValueFrom(pastPipeline(state, pull, policy), { defaultValue: undefined });
      if (state.pending.position === before) return;
    }
  }

  /** Views of all nodes as they are now. */
  views(): ViewWrite[] {
    return [...this.state.nodes.values()].map((node) => nodeViewOf(this.state, node));
  }

  async #flush(take: (emitted: Emitted) => Promise<void>): Promise<void> {
    const { pending } = this.state;
    const { fromMs, toMs } = this.#options.range;
    const isWithin = (startMs: number): boolean => startMs >= fromMs && startMs < toMs;
    await take({
      position: pending.position,
      recordId: pending.recordId,
      effects: pending.effects.filter(({ stream, id }) => stream.kind === "view" && isWithin(startOfPartial(id))),
      series: pending.series
        .filter(({ startMs }) => isWithin(startMs))
        .map((write) => ({ ...write, keepFromMs: fromMs })),
      puts: [...pending.changed].map((node) => nodeViewOf(this.state, node)),
    });
    pending.clear();
  }
}

/** Start of the window that a partial's id names, Unix milliseconds. */
export function startOfPartial(id: string): number {
  return Number(id.split("/")[3]);
}
