/** Where alerting goes on: found from the store's claim and from fs.alert, so that either may be lost. */
import type { Routing } from "@farmscope/alerting-core";
import type { EventLog, LogRecord } from "@farmscope/log";
import { EvaluationStateSchema, fromBinary } from "@farmscope/proto";
import type { Clock, Logger } from "@farmscope/runtime";
import type { Claim, Keys, ViewStore } from "@farmscope/store";
import { type AlertHistory, foldHistory } from "./history.ts";
import { EVALUATION_FOLD_VERSION } from "./stages/record.ts";

/**
 * Age of the oldest window that the very first start of alerting decides on, in milliseconds: nobody is to be woken by
 * what was over before anyone asked.
 */
export const FIRST_START_AGE_MS = 600_000;
const READ_WAIT_MS = 2_000;

export interface StartingPoint {
  readonly history: AlertHistory;
  /** Position of fs.view up to which everything is decided. */
  readonly committed: number;
  /** Position from which to read, so that rules know again what they knew. */
  readonly resume: number;
  /** Records appended before this are not decided on, Unix milliseconds. */
  readonly decideFromMs: number;
}

export interface StartingPointOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly routing: Routing;
}

/**
 * Folds fs.alert and finds where to begin in fs.view.
 * @throws {OperatingError} LOG_UNAVAILABLE, STORE_UNAVAILABLE (retriable), ABORTED.
 */
export async function findStartingPoint(
  options: StartingPointOptions,
  claim: Claim,
  signal: AbortSignal,
): Promise<StartingPoint> {
  const { log, clock, logger, routing } = options;
  const history = await foldHistory(log, routing.rules, signal);
  if (history.malformed > 0) logger.warn(`${history.malformed} records of fs.alert are malformed and were left out`);
  if (claim.position > 0 && !(await isSameLog(log, claim))) {
    logger.warn("fs.view is not the log that was evaluated before: its windows are evaluated from the first on");
    history.book.forgetPositions();
    return { history, committed: 0, resume: 1, decideFromMs: 0 };
  }
  // Without a commit the newest record that led to events may be evaluated in part; all before it are done with.
  const committed = claim.position > 0 ? claim.position : Math.max(0, history.viewPosition - 1);
  const resume = claim.position > 0 ? await resumePosition(options, committed) : 1;
  history.book.forgetSettled(resume);
  const isFirst = claim.position === 0 && history.viewPosition === 0;
  return { history, committed, resume, decideFromMs: isFirst ? clock.nowMs() - FIRST_START_AGE_MS : 0 };
}

/** Whether a record is decided on; others only add to what is known. */
export function isDecided(start: StartingPoint, record: LogRecord): boolean {
  return record.position > start.committed && record.appendedAtMs >= start.decideFromMs;
}

/** What tells a record of fs.view from any other that could stand at its position. */
export function recordIdOf(record: LogRecord): string {
  return `${record.key}@${record.appendedAtMs}`;
}

/** False when the log ends before the committed position, or has another record there: it was lost and began anew. */
async function isSameLog(log: EventLog, claim: Claim): Promise<boolean> {
  const { first, last } = await log.positions({ kind: "view" });
  if (last < claim.position) return false;
  if (first > claim.position) return true;
  const reader = await log.read({ kind: "view" }, { from: claim.position, allowTruncated: true });
  try {
    const [record] = await reader.next(1, READ_WAIT_MS);
    if (record === undefined || record.position !== claim.position) return true;
    return recordIdOf(record) === claim.recordId;
  } finally {
    await reader.close();
  }
}

async function resumePosition(options: StartingPointOptions, committed: number): Promise<number> {
  const { store, keys } = options;
  const bytes = await store.get(keys.alertEvaluation());
  if (bytes === null) return 1;
  const state = fromBinary(EvaluationStateSchema, bytes);
  if (state.foldVersion !== EVALUATION_FOLD_VERSION) return 1;
  return Math.min(Math.max(1, Number(state.resumePosition)), committed + 1);
}
