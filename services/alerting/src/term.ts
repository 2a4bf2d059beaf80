import type { Routing } from "@farmscope/alerting-core";
import type { Rule } from "@farmscope/domain";
import type { EventLog, LogReader } from "@farmscope/log";
import { type Clock, type Logger, OperatingError, retrying } from "@farmscope/runtime";
import type { Keys, ViewStore } from "@farmscope/store";
import { ControlFeed } from "./control-feed.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Notifier } from "./notifiers/port.ts";
import { Pipeline } from "./pipeline.ts";
import { ALERT_SCOPE, RecordStage } from "./stages/record.ts";
import { findStartingPoint } from "./starting-point.ts";

/** Most records of fs.view that are evaluated before their position is committed. */
const READ_RECORDS = 256;
const READ_WAIT_MS = 1_000;

export interface TermOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: readonly Rule[];
  readonly notifiers: readonly Notifier[];
  readonly routing: Routing;
  /** Tells the outside that alerting lives; null: nobody asks. */
  readonly heartbeat: Heartbeat | null;
  /** Address of the console, for links; "" for none. */
  readonly consoleUrl: string;
  /** Told what is away; null when all is well again. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** One time of being the replica that acts: claims the scope, takes up where the last one stopped, and goes on. */
export class Term {
  /** What runs, once the history is known. */
  pipeline: Pipeline | null = null;
  readonly #options: TermOptions;

  constructor(options: TermOptions) {
    this.#options = options;
  }

  /**
   * Acts until the signal fires; then lets requests under way end.
   * @throws {OperatingError} STORE_FENCED when another replica took over; STORE_UNAVAILABLE, LOG_UNAVAILABLE when it is
   *   unknown what took effect: begin a new term. Anything else is a defect.
   */
  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const failures: unknown[] = [];
    const fail = (error: unknown): void => {
      failures.push(error);
      ending.abort();
    };
    const until = AbortSignal.any([signal, ending.signal]);
    try {
      await this.#act(until, fail);
    } catch (error) {
      if (!(isAborted(error) && until.aborted)) fail(error);
    }
    if (failures.length > 0) throw failures[0];
  }

  async #act(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const { store, logger } = this.#options;
    const claim = await this.#retrying(() => store.claim(ALERT_SCOPE), signal);
    const start = await findStartingPoint(this.#options, claim, signal);
    const record = new RecordStage({ ...this.#options, claim });
    const control = new ControlFeed(this.#options);
    const pipeline = new Pipeline({ ...this.#options, start, record, control, onFailure });
    this.pipeline = pipeline;
    logger.info({ epoch: claim.epoch, position: start.committed }, "alerting begins");
    // Evaluation may be waiting for the log when we are told to stop: stopping the pipeline ends that wait too.
    const stopped = aborted(signal).then(() => pipeline.stop());
    const beating = this.#options.heartbeat?.run(() => pipeline.isAlive(signal), signal);
    try {
      await this.#follow(pipeline, start.resume, signal);
    } catch (error) {
      if (!(isAborted(error) && signal.aborted)) onFailure(error);
    }
    await stopped;
    await beating;
    await control.close();
  }

  async #follow(pipeline: Pipeline, from: number, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    await this.#retrying(() => pipeline.refresh(signal), signal);
    await pipeline.takeUp();
    const open = () => log.read({ kind: "view" }, { from, allowTruncated: true, signal });
    const reader: LogReader = await this.#retrying(open, signal);
    try {
      while (!signal.aborted) {
        const waitMs = Math.min(READ_WAIT_MS, pipeline.msUntilDue());
        const records = await this.#retrying(() => reader.next(READ_RECORDS, waitMs), signal);
        await this.#retrying(() => pipeline.refresh(signal), signal);
        if (records.length > 0) await pipeline.process(records);
        else await pipeline.idle();
      }
    } finally {
      await reader.close();
    }
  }

  async #retrying<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, logger, onTrouble } = this.#options;
    const onFailure = (error: OperatingError): void => {
      onTrouble(error.message);
      logger.warn(`alerting waits: ${error.message}`);
    };
    const result = await retrying(clock, work, { signal, onFailure });
    onTrouble(null);
    return result;
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof OperatingError && error.code === "ABORTED";
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
