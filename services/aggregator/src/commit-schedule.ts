import type { Committer, Pending, ViewWrite } from "@farmscope/history";
import type { CommitPolicy } from "@farmscope/history/stages/commit.ts";
import type { AggregatorLimits } from "./config.ts";

export interface CommitScheduleOptions<Changed> {
  readonly pending: Pending<Changed>;
  readonly committer: Committer;
  /** Position up to which nothing is committed, because it was before. */
  readonly silentThrough: number;
  readonly limits: AggregatorLimits;
  /** Fires when everything is to be committed at once. */
  readonly signal: AbortSignal;
  /** Views of what has changed. */
  readonly views: (changed: ReadonlySet<Changed>) => ViewWrite[];
  /** True when there is something to show although nothing has changed. */
  readonly hasMore?: () => boolean;
}

/** When a scope commits: at most every 200 ms, at the end of a pull, and only when there is something to commit. */
export class CommitSchedule<Changed> implements CommitPolicy {
  readonly #options: CommitScheduleOptions<Changed>;

  constructor(options: CommitScheduleOptions<Changed>) {
    this.#options = options;
  }

  isPending(): boolean {
    const { pending, committer, silentThrough, hasMore } = this.#options;
    if (pending.position === 0 || pending.position < silentThrough) return false;
    return pending.position !== committer.position || pending.writes > 0 || (hasMore?.() ?? false);
  }

  isDue(): boolean {
    const { committer, limits, signal } = this.#options;
    return this.isPending() && (committer.ageMs >= limits.commitIntervalMs || signal.aborted);
  }

  isFull(): boolean {
    return this.#options.pending.writes >= this.#options.limits.commitWritesMax;
  }

  async flush(): Promise<void> {
    const { pending, committer, views } = this.#options;
    const { position, recordId, effects, series, changed } = pending;
    await committer.commit({ position, recordId, effects, series, puts: views(changed) });
    pending.clear();
  }
}
