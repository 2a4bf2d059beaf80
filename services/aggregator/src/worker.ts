import { type Committed, Committer, type Pending, type ViewWrite } from "@farmscope/history";
import type { CommitPolicy } from "@farmscope/history/stages/commit.ts";
import type { PullPorts } from "@farmscope/history/stages/read.ts";
import type { EventLog, StreamName, StreamPositions } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying } from "@farmscope/runtime";
import type { Claim, Keys, Scope, ViewStore } from "@farmscope/store";
import { lastValueFrom, type Observable } from "rxjs";
import { CommitSchedule } from "./commit-schedule.ts";
import type { AggregatorLimits } from "./config.ts";

/** What every worker of the aggregator needs. */
export interface WorkerPorts {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keys: Keys;
  readonly limits: AggregatorLimits;
  readonly namespace: string;
  readonly partitions: number;
  readonly replicaId: string;
}

/** Owns one scope while it runs. */
export interface Worker {
  /**
   * Resolves when `signal` fired and everything that was folded is committed.
   * @throws {OperatingError} STORE_FENCED when another owner has taken the scope.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** A stream's fold in one life of its owner. */
export interface Life<Changed> {
  readonly pending: Pending<Changed>;
  pipeline(pull: PullPorts, policy: CommitPolicy): Observable<never>;
  views(changed: Iterable<Changed>): ViewWrite[];
  /** Everything that has a view. */
  all(): Iterable<Changed>;
  hasMore?(): boolean;
  /** First position to be read. Default: the oldest that is retained. */
  readonly from?: number;
  /** Most records of one pull, where they are large. Default: the limit `pullRecordsMax`. */
  readonly pullRecordsMax?: number;
  /**
   * What is to be done between two pulls. Returns true when it is to be called again soon.
   * @param isCommitted whether everything that was folded is.
   */
  between?(isCommitted: boolean): boolean;
  /** What runs beside the fold until `signal` fires. */
  beside?(epoch: () => number, signal: AbortSignal): Promise<void>;
}

export interface LifeBeginning {
  readonly committed: Committed;
  /** What the log has of the stream. */
  readonly positions: StreamPositions;
}

/**
 * Claims a scope and folds its stream from a checkpoint or the oldest retained record on, silently up to the committed position, until
 * `signal` fires. When log or store fail for good in the middle, it claims and folds anew: nothing is lost.
 * @throws {OperatingError} STORE_FENCED.
 */
export async function ownScope<Changed>(
  scope: Scope,
  stream: StreamName,
  ports: WorkerPorts,
  signal: AbortSignal,
  begin: (beginning: LifeBeginning) => Promise<Life<Changed>>,
): Promise<void> {
  const { store, clock, logger } = ports;
  const live = async (): Promise<void> => liveOnce(scope, stream, await store.claim(scope), ports, signal, begin);
  try {
    await retrying(clock, live, {
      signal,
      onFailure: (error, attempt, waitMs) =>
        logger.warn({ scope, code: error.code, attempt, waitMs }, `starts over: ${messageOf(error)}`),
    });
  } catch (error) {
    if (!isAborted(error, signal)) throw error;
  }
}

async function liveOnce<Changed>(
  scope: Scope,
  stream: StreamName,
  claim: Claim,
  ports: WorkerPorts,
  signal: AbortSignal,
  begin: (beginning: LifeBeginning) => Promise<Life<Changed>>,
): Promise<void> {
  const { log, clock, logger, limits } = ports;
  const positions = await log.positions(stream);
  const committed = committedOf(scope, claim, positions, logger);
  const { silentThrough } = committed;
  const life = await begin({ committed, positions });
  const committer = new Committer(scope, claim, ports);
  const schedule = scheduleOf(life, committer, silentThrough, limits, signal);
  const reader = await log.read(stream, { from: life.from ?? positions.first, allowTruncated: true, signal });
  const end = new AbortController();
  const beside = life.beside?.(() => committer.epoch, AbortSignal.any([signal, end.signal]));
  let hasMore = false;
  const waitMs = (): number => {
    if (hasMore) return limits.busyWaitMs;
    return schedule.isPending() ? limits.commitIntervalMs : limits.pullWaitMs;
  };
  const pull = { reader, clock, logger, signal, recordsMax: life.pullRecordsMax ?? limits.pullRecordsMax, waitMs };
  const onePull = life.pipeline(pull, schedule);
  try {
    while (!signal.aborted) {
      await lastValueFrom(onePull, { defaultValue: undefined });
      hasMore = life.between?.(!schedule.isPending()) ?? false;
      // An owner that catches up never waits for the log: leases must be renewed and ticks appended all the same.
      await clock.turn?.();
    }
    if (schedule.isPending()) await schedule.flush();
  } finally {
    end.abort();
    await reader.close();
    await beside;
  }
}

/** What was committed, held against what the log has; every contradiction is told. */
function committedOf(scope: Scope, claim: Claim, { first, last }: StreamPositions, logger: Logger): Committed {
  const context = { scope, committed: claim.position, first, last };
  if (first > claim.position + 1) logger.warn(context, "records were removed before they were folded");
  const onForeign = (recordId: string): void =>
    logger.error({ ...context, expected: claim.recordId, recordId }, "the log lost its tail and grew again");
  if (last >= claim.position) {
    return { silentThrough: claim.position, recordId: claim.recordId, onForeign, lostTail: false };
  }
  logger.error(context, "the log lost its tail: goes on behind what is left");
  return { silentThrough: last, recordId: "", onForeign, lostTail: true };
}

function scheduleOf<Changed>(
  life: Life<Changed>,
  committer: Committer,
  silentThrough: number,
  limits: AggregatorLimits,
  signal: AbortSignal,
): CommitSchedule<Changed> {
  const { pending } = life;
  const views = (changed: ReadonlySet<Changed>): ViewWrite[] =>
    life.views(pending.takeRewrite() ? life.all() : changed);
  const hasMore = (): boolean => life.hasMore?.() ?? false;
  return new CommitSchedule({ pending, committer, silentThrough, limits, signal, views, hasMore });
}

function isAborted(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error instanceof OperatingError && error.code === "ABORTED";
}
