/**
 * From closed windows to people, stage by stage:
 *
 *   evaluate -> route -> group -> inhibit -> silence -> dedup -> deliver -> record
 *
 * Evaluate decides what happens to each alert; record writes every decision to fs.alert before anyone hears of it, every
 * attempt before it is made, and the position once all of it is safe. Whom to tell, and when, is decided by the
 * NotificationBook of packages/domain, as the time of the log goes on; the stages between count what it decides. Deliver
 * works beside the others, from a queue.
 */

import { noticeIdOf, type RecordedEvent, type Routing, type Target } from "@farmscope/alerting-core";
import type { NoticeDecision, NotificationBook, Passage, Rule } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import type { Clock, Logger, StageBalance, StageCounter } from "@farmscope/runtime";
import { contextOf } from "./context.ts";
import type { ControlFeed, Wish } from "./control-feed.ts";
import { BLIND_AFTER_MS } from "./heartbeat.ts";
import type { RecentNotice } from "./history.ts";
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
import { TARGET_FAILING, type TargetHealth } from "./target-health.ts";

/**
 * How long after its moment something is told when no record of fs.view moves time past it, in milliseconds: records
 * from before that moment may still be on their way.
 */
export const GRACE_MS = 250;

export interface PipelineOptions {
  readonly rules: readonly Rule[];
  readonly routing: Routing;
  readonly notifiers: readonly Notifier[];
  readonly start: StartingPoint;
  readonly record: RecordStage;
  readonly control: ControlFeed;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly consoleUrl: string;
  readonly onFailure: (error: unknown) => void;
}

export class Pipeline {
  readonly evaluate: EvaluateStage;
  readonly route = new RouteStage();
  readonly group = new GroupStage();
  readonly inhibit = new InhibitStage();
  readonly silence = new SilenceStage();
  readonly dedup: DedupStage;
  readonly deliver: DeliverStage;
  readonly record: RecordStage;
  readonly #options: PipelineOptions;
  readonly #notifications: NotificationBook;
  readonly #health: TargetHealth;
  /** What targets have answered that is an event of its own. */
  #ownEvents: RecordedEvent[] = [];
  #position: number;
  #newestAppendMs: number;

  constructor(options: PipelineOptions) {
    const { rules, notifiers, start, record, clock, logger, onFailure } = options;
    const { history } = start;
    this.#options = options;
    this.#position = start.committed;
    this.#newestAppendMs = clock.nowMs();
    this.#notifications = history.notifications;
    this.#health = history.health;
    this.evaluate = new EvaluateStage(rules, history.book, logger);
    this.dedup = new DedupStage(history.telling);
    this.deliver = new DeliverStage({
      notifiers,
      record,
      clock,
      logger,
      onFailure,
      onAnswer: (target, answer) => {
        const event = this.#health.judge(target, answer, Math.round(clock.nowMs()));
        if (event !== null) this.#ownEvents.push(event);
      },
    });
    this.record = record;
  }

  /** Takes up what an earlier life left: notifications under way, and decisions that were not acted on yet. */
  async takeUp(): Promise<void> {
    const { start, clock, control } = this.#options;
    const { history } = start;
    for (const wish of control.until(this.#notifications.nowMs)) this.#notifications.wish(wish.record, wish.place);
    this.#notifications.resume(clock.nowMs(), this.#passage());
    this.deliver.resume(history);
    for (const notice of history.recent.values()) await this.#announceAgain(notice, history.begun);
  }

  /** Position of fs.view up to which everything is evaluated and committed. */
  get position(): number {
    return this.#position;
  }

  /** Alerts that could not be followed because there are too many. */
  get refused(): number {
    return this.#notifications.refused;
  }

  /** Reads what people wish. @throws {OperatingError} LOG_UNAVAILABLE (retriable). */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#options.control.refresh(signal);
  }

  /** How long nothing has to be told even when no record comes, in milliseconds. */
  msUntilDue(): number {
    const dueMs = this.#notifications.nextDueMs();
    return dueMs === null ? Number.POSITIVE_INFINITY : Math.max(1, dueMs + GRACE_MS - this.#options.clock.nowMs());
  }

  /**
   * Evaluates records of fs.view, in order, and commits the last position.
   * @throws {OperatingError} STORE_FENCED, STORE_UNAVAILABLE, ABORTED; then another life goes on from the log.
   */
  async process(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      const { appendedAtMs } = record;
      await this.#comeTo(appendedAtMs);
      const events = this.evaluate.run(record, isDecided(this.#options.start, record));
      await this.#take(events, appendedAtMs);
      this.#newestAppendMs = Math.max(this.#newestAppendMs, appendedAtMs);
    }
    await this.#takeOwn();
    const last = records.at(-1);
    if (last === undefined || last.position <= this.#position) return;
    const resumePosition = this.evaluate.resumePosition(last.position + 1);
    await this.record.commit({ position: last.position, recordId: recordIdOf(last), resumePosition });
    this.#position = last.position;
  }

  /** Does what is due when no record of fs.view has come: wishes that did, and moments that have passed. */
  async idle(): Promise<void> {
    for (const wish of this.#options.control.until(Number.POSITIVE_INFINITY)) await this.#wish(wish);
    await this.#takeOwn();
    const dueMs = this.#notifications.nextDueMs();
    if (dueMs !== null && dueMs + GRACE_MS <= this.#options.clock.nowMs()) await this.#tell(dueMs);
  }

  /** Whether alerting sees what happens, and is ours. @throws {OperatingError} as RecordStage.assertOwner does. */
  async isAlive(signal: AbortSignal): Promise<boolean> {
    await this.record.assertOwner(signal);
    return this.#options.clock.nowMs() - this.#newestAppendMs < BLIND_AFTER_MS;
  }

  /** in, out, dropped and held of every stage, in order. */
  balances(): StageBalance[] {
    const { evaluate, route, group, inhibit, silence, dedup, deliver, record } = this;
    const stages: readonly { readonly counter: StageCounter }[] = [
      evaluate,
      route,
      group,
      inhibit,
      silence,
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

  async #comeTo(ms: number): Promise<void> {
    for (const wish of this.#options.control.until(ms)) await this.#wish(wish);
    await this.#tell(ms);
  }

  async #wish({ record, place }: Wish): Promise<void> {
    await this.#tell(place.appendedAtMs);
    this.#notifications.wish(record, place);
    await this.#tell(place.appendedAtMs);
  }

  async #take(events: readonly RecordedEvent[], atMs: number): Promise<void> {
    if (events.length > 0) await this.record.events(events);
    for (const event of events) this.#notifications.event(event);
    await this.#tell(atMs);
  }

  async #takeOwn(): Promise<void> {
    for (const event of this.#ownEvents.splice(0)) await this.#take([event], Number(event.event.decidedMs));
  }

  /** Tells what is due by a moment: first all decisions are safe, then all notifications, then they go their way. */
  async #tell(toMs: number): Promise<void> {
    const decisions = this.#notifications.advance(toMs);
    const heard = decisions.filter((decision) => this.#targetsOf(decision).length > 0);
    if (heard.length === 0) return;
    const notices = new Map(heard.map((decision) => [noticeIdOf(decision), decision]));
    await this.record.notices(notices);
    await Promise.all(Array.from(notices, ([id, decision]) => this.#announce(id, decision)));
  }

  async #announce(id: string, decision: NoticeDecision, begun: ReadonlySet<string> = new Set()): Promise<void> {
    const { group, lines } = decision;
    const drafts = this.#targetsOf(decision)
      .flatMap((target) => this.dedup.draftsFor(target, id, group, lines))
      .filter((draft) => !begun.has(draft.id));
    const changes = contextOf(this.#notifications.control.annotations, lines);
    await this.deliver.run(drafts, { ...decision, changes, consoleUrl: this.#options.consoleUrl });
  }

  /** What stood around the alerts when it was decided is not in the log; they themselves are. */
  async #announceAgain(notice: RecentNotice, begun: ReadonlySet<string>): Promise<void> {
    await this.#announce(notice.id, { ...notice, groupLabels: {}, others: 0 }, begun);
  }

  /** That a target fails is told through the others: those of the same receiver, or else all there are. */
  #targetsOf({ receiver, lines }: Pick<NoticeDecision, "receiver" | "lines">): readonly Target[] {
    const { receivers } = this.#options.routing;
    const targets = receivers.get(receiver) ?? [];
    const failing = lines.flatMap(({ event }) => (event.rule === TARGET_FAILING ? [event.labels["target"]] : []));
    if (failing.length === 0) return targets;
    const well = (list: readonly Target[]) => list.filter(({ name }) => !failing.includes(name));
    const own = well(targets);
    return own.length > 0 ? own : well([...receivers.values()].flat());
  }

  #passage(): Passage {
    const { route, group, inhibit, silence, dedup } = this;
    return {
      onRouted: () => route.routed(),
      onUntold: () => route.untold(),
      onJoined: () => group.joined(),
      onSuperseded: () => group.superseded(),
      onExamined: (reason, again) => {
        group.examined(again);
        if (inhibit.passes(reason) && silence.passes(reason)) dedup.examined(reason);
      },
    };
  }
}
