import { TICK_KEY } from "@farmscope/domain";
import { encodeTick } from "@farmscope/history";
import type { EventLog } from "@farmscope/log";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";

export interface TickerOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly partition: number;
  readonly owner: string;
  readonly epoch: () => number;
  readonly intervalMs: number;
}

/** Appends a tick to a partition each second until `signal` fires, so that time passes there even when no node speaks. */
export async function runTicker(options: TickerOptions, signal: AbortSignal): Promise<void> {
  const { log, clock, logger, partition, owner, epoch, intervalMs } = options;
  while (!signal.aborted) {
    const tick = encodeTick(partition, owner, epoch());
    try {
      await log.append({ kind: "event", partition }, TICK_KEY, tick, { signal });
      await clock.sleep(intervalMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof OperatingError) || !error.retriable) throw error;
      logger.warn({ partition, code: error.code }, `no tick: ${messageOf(error)}`);
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }
}
