import { type Clock, OperatingError } from "@farmscope/runtime";
import type { ObservationRequests } from "../observation-requests.ts";
import type { EventSource } from "../source/port.ts";
import type { Batcher } from "./batcher.ts";
import type { Publisher } from "./publisher.ts";

/** Shortest wait while a finite source is paused, in milliseconds. */
const PAUSED_MS = 5;

export interface PollerOptions {
  readonly source: EventSource;
  readonly batchers: readonly Batcher[];
  readonly publisher: Publisher;
  readonly observations: ObservationRequests;
  readonly clock: Clock;
  /** Greatest size of a message: with less room than that a source that can wait is paused. */
  readonly messageBytesMax: number;
}

/**
 * Moves events from the source to the batchers, which also decodes them, and closes batches that have reached their age.
 * A source that can wait is not polled while nothing more may be accepted.
 */
export class Poller {
  /** Polls left out because there was no room. */
  pauses = 0;
  readonly #options: PollerOptions;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Runs until the source is finished or the signal fires. @throws what the source or the publisher cannot get over. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, publisher, clock } = this.#options;
    while (!signal.aborted && !source.finished) {
      if (publisher.failure !== undefined) throw publisher.failure;
      const waitMs = this.#turn(clock.monotonicMs());
      await sleepUntilAborted(clock, waitMs, signal);
    }
  }

  /** One poll. @returns how long to wait before the next, in milliseconds. */
  #turn(nowMs: number): number {
    const { source, batchers, observations } = this.#options;
    observations.pass(nowMs);
    const paused = this.#mustPause();
    if (paused) this.pauses++;
    else source.poll(nowMs);
    for (const batcher of batchers) batcher.closeIfDue(nowMs);
    return paused ? Math.max(PAUSED_MS, source.pollIntervalMs) : source.pollIntervalMs;
  }

  #mustPause(): boolean {
    const { source, publisher, messageBytesMax } = this.#options;
    return source.kind !== "bpf" && !publisher.hasRoom(messageBytesMax);
  }
}

async function sleepUntilAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!(error instanceof OperatingError) || error.code !== "ABORTED") throw error;
  }
}
