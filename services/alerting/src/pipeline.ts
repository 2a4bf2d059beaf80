/**
 * From closed windows to people, stage by stage:
 *
 *   evaluate -> inhibit -> silence -> route -> group -> dedup -> deliver -> record
 *
 * Evaluate decides what happens to each alert; record writes every decision to fs.alert before anyone hears of it, every
 * attempt before it is made, and the position once all of it is safe. Deliver works beside the others, from a queue.
 */

import type { RecordedEvent } from "@farmscope/alerting-core";
import type { Rule } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { Clock, Logger, StageBalance, StageCounter } from "@farmscope/runtime";
import type { Notifier } from "./notifiers/port.ts";
import { DedupStage } from "./stages/dedup.ts";
import { DeliverStage } from "./stages/deliver.ts";
import { EvaluateStage } from "./stages/evaluate.ts";
import { GroupStage } from "./stages/group.ts";
import { InhibitStage } from "./stages/inhibit.ts";
import type { RecordStage } from "./stages/record.ts";
import { RouteStage } from "./stages/route.ts";
import { SilenceStage } from "./stages/silence.ts";
import { isDecided, recordIdOf, type StartingPoint } from "./starting-point.ts";

export interface PipelineOptions {
  readonly rules: readonly Rule[];
  readonly notifiers: readonly Notifier[];
  readonly start: StartingPoint;
  readonly record: RecordStage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (error: unknown) => void;
}

export class Pipeline {
  readonly evaluate: EvaluateStage;
  readonly inhibit = new InhibitStage();
  readonly silence = new SilenceStage();
  readonly route: RouteStage;
  readonly group = new GroupStage();
  readonly dedup: DedupStage;
  readonly deliver: DeliverStage;
  readonly record: RecordStage;
  readonly #start: StartingPoint;
  #position: number;

  constructor(options: PipelineOptions) {
    const { rules, notifiers, start, record, clock, logger, onFailure } = options;
    const { history } = start;
    this.#start = start;
    this.#position = start.committed;
    this.evaluate = new EvaluateStage(rules, history.book, logger);
    this.route = new RouteStage(notifiers.map((notifier) => notifier.target));
    this.dedup = new DedupStage(history.telling);
    this.deliver = new DeliverStage({ notifiers, record, clock, logger, onFailure });
    this.record = record;
  }

  /** Takes up what an earlier life left: notifications under way, and events of which nobody has been told yet. */
  async takeUp(): Promise<void> {
    const { history, committed } = this.#start;
    this.deliver.resume(history.open.values());
    await this.#announce(history.viewPosition > committed ? history.latest : []);
  }

  /** Position of fs.view up to which everything is evaluated and committed. */
  get position(): number {
    return this.#position;
  }

  /**
   * Evaluates records of fs.view, in order, and commits the last position.
   * @throws {OperatingError} STORE_FENCED, STORE_UNAVAILABLE, ABORTED; then another life goes on from the log.
   */
  async process(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      const events = this.evaluate.run(record, isDecided(this.#start, record));
      await this.record.events(events);
      await this.#announce(events);
    }
    const last = records.at(-1);
    if (last === undefined || last.position <= this.#position) return;
    const resumePosition = this.evaluate.resumePosition(last.position + 1);
    await this.record.commit({ position: last.position, recordId: recordIdOf(last), resumePosition });
    this.#position = last.position;
  }

  /** in, out, dropped and held of every stage, in order. */
  balances(): StageBalance[] {
    const { evaluate, inhibit, silence, route, group, dedup, deliver, record } = this;
    const stages: readonly { readonly counter: StageCounter }[] = [
      evaluate,
      inhibit,
      silence,
      route,
      group,
      dedup,
      deliver,
      record,
    ];
    return stages.map((stage) => stage.counter.toJSON());
  }

  /** Lets requests under way end, begins no others, and gives up what still waits for the log. */
  async stop(): Promise<void> {
    await this.deliver.stop();
    this.record.close();
  }

  async #announce(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const audible = this.silence.run(this.inhibit.run(events));
    const groups = this.group.run(this.route.run(audible));
    await this.deliver.run(this.dedup.run(groups));
  }
}
