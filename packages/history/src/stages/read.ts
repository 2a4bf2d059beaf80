import type { LogReader, LogRecord } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError, retrying, type StageCounter } from "@farmscope/runtime";
import { defer, from, mergeMap, type Observable } from "rxjs";

export interface PullPorts {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Most records of one pull. */
  readonly recordsMax: number;
  /** How long to wait for the first record, in milliseconds, as of now. */
  readonly waitMs: () => number;
}

/** One pull: what the log has, in order. Completes with it; whoever wants more subscribes again, after the commit. */
export function read(ports: PullPorts, counter: StageCounter): Observable<LogRecord> {
  return defer(() => pull(ports)).pipe(
    mergeMap((records) => {
      counter.in += records.length;
      counter.out += records.length;
      return from(records);
    }),
  );
}

/** Waits out an unavailable log. Gives nothing once `signal` has fired, so that what was folded can be committed. */
async function pull({ reader, clock, logger, signal, recordsMax, waitMs }: PullPorts): Promise<LogRecord[]> {
  try {
    return await retrying(clock, () => reader.next(recordsMax, waitMs()), {
      signal,
      onFailure: (error, attempt) => logger.warn({ code: error.code, attempt }, messageOf(error)),
    });
  } catch (error) {
    if (signal.aborted && error instanceof OperatingError && error.code === "ABORTED") return [];
    throw error;
  }
}
