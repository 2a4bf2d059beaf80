import type { EventLog } from "@farmscope/log";
import { create, EventRecordSchema, toBinary } from "@farmscope/proto";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";

/** Key of ticks in fs.ev; no node has it, since ids of nodes do not begin with a tilde. */
export const TICK_KEY = "~tick";

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
    const tick = create(EventRecordSchema, {
      version: 1,
      body: { case: "tick", value: { partition, owner, epoch: BigInt(epoch()) } },
    });
    try {
      await log.append({ kind: "event", partition }, TICK_KEY, toBinary(EventRecordSchema, tick), { signal });
      await clock.sleep(intervalMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof OperatingError) || !error.retriable) throw error;
      logger.warn({ partition, code: error.code }, `no tick: ${messageOf(error)}`);
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }
}
