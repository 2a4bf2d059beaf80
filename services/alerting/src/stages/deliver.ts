import { type Draft, idempotencyKeyOf, type Message, renderFor } from "@farmscope/alerting-core";
import { type Clock, type Logger, OperatingError, StageCounter } from "@farmscope/runtime";
import type { AlertHistory, OpenNotification } from "../history.ts";
import { Lanes } from "../lanes.ts";
import type { Notification } from "../notification.ts";
import type { DeliveryAnswer, Notifier } from "../notifiers/port.ts";
import { retryWaitMs } from "../notifiers/retry-wait.ts";
import { REQUESTS_MAX, TargetGate } from "../target-gate.ts";
import type { RecordStage } from "./record.ts";

/** Most notifications waiting; beyond it they are refused, and that is recorded. */
export const OUTBOX_MAX = 10_000;
/** Most attempts for one notification: at the greatest wait, more than an hour. */
export const ATTEMPTS_MAX = 100;
/** How long a request that is under way may go on after we are told to stop, in milliseconds. */
export const DRAIN_MS = 5_000;
/** Too Many Requests: whatever else waits for this target must wait too. Source: RFC 6585, section 4. */
const TOO_MANY_REQUESTS = 429;

export interface DeliverOptions {
  readonly notifiers: readonly Notifier[];
  readonly record: RecordStage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every answer of a target. */
  readonly onAnswer: (target: string, answer: DeliveryAnswer) => void;
  /** Told once when delivery cannot go on: another replica has taken over, or a defect. */
  readonly onFailure: (error: unknown) => void;
}

interface OutboxItem extends Notification {
  /** The next attempt. */
  attempt: number;
  /** Whether that attempt's intent is in the log already. */
  announced: boolean;
  notBeforeMs: number;
}

interface OpenTarget {
  readonly notifier: Notifier;
  readonly gate: TargetGate;
  /** It has told us that it is gone; another life tries it once more. */
  disabled: boolean;
}

/**
 * Sends notifications, without making evaluation wait for the receivers: what is accepted is first in the log, then in a
 * queue. Within one alert and target in order, and at the pace that the target takes. Before each attempt the epoch is
 * checked and an intent recorded, after it the outcome. Counts notifications: out is delivered, dropped is refused, held
 * is waiting.
 */
export class DeliverStage {
  readonly counter = new StageCounter("deliver");
  readonly #options: DeliverOptions;
  readonly #targets: ReadonlyMap<string, OpenTarget>;
  readonly #lanes = new Lanes<OutboxItem>((item) => this.#settle(item));
  /** Ends waits and keeps new attempts from beginning. */
  readonly #stop = new AbortController();
  /** Ends requests under way. */
  readonly #cut = new AbortController();

  constructor(options: DeliverOptions) {
    const { notifiers, clock } = options;
    this.#options = options;
    const open = (notifier: Notifier): OpenTarget => ({
      notifier,
      gate: new TargetGate(notifier.budget, clock),
      disabled: false,
    });
    this.#targets = new Map(notifiers.map((notifier) => [notifier.target.name, open(notifier)]));
  }

  /** Notifications waiting or under way. */
  get waiting(): number {
    return this.#lanes.size;
  }

  /** Renders notifications, makes them durable by their first intent, and queues them. */
  async run(drafts: readonly Draft[], message: Omit<Message, "lines">): Promise<void> {
    await Promise.all(drafts.map((draft) => this.#accept(draft, { ...message, lines: draft.lines })));
  }

  /** Queues what an earlier life of alerting began and did not finish, at the pace that it has left of each target. */
  resume({ open, attemptsMs }: Pick<AlertHistory, "open" | "attemptsMs">): void {
    for (const [target, { gate }] of this.#targets) {
      for (const atMs of attemptsMs.get(target) ?? []) gate.note(atMs);
      // Of requests that were under way it is unknown whether they arrived, and when.
      const underWay = [...open.values()].filter((notification) => notification.target === target);
      for (const _ of underWay.slice(0, REQUESTS_MAX)) gate.note(this.#options.clock.nowMs());
    }
    for (const notification of open.values()) this.#resume(notification);
  }

  /** Resolves when everything accepted is settled. */
  async idle(): Promise<void> {
    await this.#lanes.idle();
  }

  /** Begins no more attempts and waits for those under way, for {@link DRAIN_MS} at most. What waits stays in the log. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const patience = new AbortController();
    const overdue = this.#options.clock.sleep(DRAIN_MS, patience.signal).then(
      () => this.#giveUp(),
      () => undefined,
    );
    await this.#lanes.idle();
    patience.abort();
    await overdue;
  }

  #giveUp(): void {
    this.#cut.abort();
    this.#options.record.close();
  }

  #resume(notification: OpenNotification): void {
    if (!this.#targets.has(notification.target)) return;
    this.counter.in++;
    // Whether the last announced attempt was made is unknown: the next one has a number of its own.
    this.#lanes.push({ ...notification, attempt: notification.attempt + 1, announced: false });
  }

  async #accept(draft: Draft, message: Message): Promise<void> {
    const { lines: _, ...notification } = draft;
    const { target } = this.#targets.get(draft.target)!.notifier;
    const body = renderFor(target.kind, message, idempotencyKeyOf(draft.id));
    this.counter.in++;
    if (body === null) {
      this.counter.dropped++;
      return;
    }
    const item: OutboxItem = { ...notification, body, attempt: 1, announced: true, notBeforeMs: 0 };
    await this.#options.record.intent(item, 1);
    if (this.#lanes.size < OUTBOX_MAX) this.#lanes.push(item);
    else await this.#finish(item, refusal("rejected", `${OUTBOX_MAX} notifications are waiting already`));
  }

  /** Tries until there is a final outcome or we are stopped. Never throws. */
  async #settle(item: OutboxItem): Promise<void> {
    const { signal } = this.#stop;
    const target = this.#targets.get(item.target)!;
    try {
      while (!signal.aborted) {
        const { clock } = this.#options;
        const waitMs = item.notBeforeMs - clock.nowMs();
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        if (await target.gate.through(() => this.#attempt(item, target), signal)) return;
      }
    } catch (error) {
      if (error instanceof OperatingError && error.code === "ABORTED") return;
      this.#options.onFailure(error);
    }
  }

  /** @returns whether the notification is settled. */
  async #attempt(item: OutboxItem, target: OpenTarget): Promise<boolean> {
    const { attempt } = item;
    const answer = await this.#ask(item, target);
    if (answer.verdict === "unknown") return false;
    if (answer.verdict === "retry" && attempt >= ATTEMPTS_MAX) {
      await this.#finish(item, { ...answer, verdict: "rejected", detail: `given up: ${answer.detail}` });
      return true;
    }
    if (answer.verdict === "target-disabled") target.disabled = true;
    if (answer.verdict === "retry") this.#putOff(item, target, answer);
    await this.#finish(item, answer, attempt);
    return answer.verdict !== "retry";
  }

  #putOff(item: OutboxItem, { gate }: OpenTarget, { httpStatus, retryAfterMs }: DeliveryAnswer): void {
    item.notBeforeMs = this.#options.clock.nowMs() + retryWaitMs(item.id, item.attempt, retryAfterMs);
    item.attempt++;
    item.announced = false;
    if (httpStatus === TOO_MANY_REQUESTS || retryAfterMs !== null) gate.close(item.notBeforeMs);
  }

  async #ask(item: OutboxItem, target: OpenTarget): Promise<DeliveryAnswer> {
    const { record } = this.#options;
    await record.assertOwner(this.#stop.signal);
    if (!item.announced) await record.intent(item, item.attempt);
    if (target.disabled) return refusal("target-disabled", "the target was disabled before");
    if (this.#stop.signal.aborted) return refusal("unknown", "stopped before the attempt");
    const request = { body: item.body, idempotencyKey: idempotencyKeyOf(item.id) };
    return await target.notifier.send(request, this.#cut.signal);
  }

  async #finish(item: OutboxItem, answer: DeliveryAnswer, attempt = item.attempt): Promise<void> {
    const { record, logger, onAnswer } = this.#options;
    const { target, alertKey } = item;
    await record.outcome(item, attempt, answer, answer.verdict === "retry" ? item.notBeforeMs : 0);
    const facts = { target, alertKey, attempt, status: answer.httpStatus, detail: answer.detail };
    if (answer.verdict === "delivered") this.counter.out++;
    else logger.warn(facts, `a notification was not delivered: ${answer.verdict}`);
    if (answer.verdict === "rejected" || answer.verdict === "target-disabled") this.counter.dropped++;
    onAnswer(target, answer);
  }
}

function refusal(verdict: DeliveryAnswer["verdict"], detail: string): DeliveryAnswer {
  return { verdict, httpStatus: 0, detail, retryAfterMs: null };
}
