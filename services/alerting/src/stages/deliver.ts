import { idempotencyKeyOf } from "@farmscope/alerting-core";
import { type Clock, type Logger, OperatingError, StageCounter } from "@farmscope/runtime";
import type { OpenNotification } from "../history.ts";
import { Lanes } from "../lanes.ts";
import type { Notification } from "../notification.ts";
import type { DeliveryAnswer, Notifier } from "../notifiers/port.ts";
import { retryWaitMs } from "../notifiers/retry-wait.ts";
import { Permits } from "../permits.ts";
import type { Draft } from "./dedup.ts";
import type { RecordStage } from "./record.ts";

/** Most notifications waiting; beyond it they are refused, and that is recorded. */
export const OUTBOX_MAX = 10_000;
/** Most attempts for one notification: at the greatest wait, more than an hour. */
export const ATTEMPTS_MAX = 100;
/** Most requests at a time. */
export const REQUESTS_MAX = 8;
/** How long a request that is under way may go on after we are told to stop, in milliseconds. */
export const DRAIN_MS = 5_000;

export interface DeliverOptions {
  readonly notifiers: readonly Notifier[];
  readonly record: RecordStage;
  readonly clock: Clock;
  readonly logger: Logger;
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

/**
 * Sends notifications, without making evaluation wait for the receivers: what is accepted is first in the log, then in a
 * queue. Within one alert and target in order; at most {@link REQUESTS_MAX} requests at a time. Before each attempt the
 * epoch is checked and an intent recorded, after it the outcome. Counts notifications: out is delivered, dropped is
 * refused, held is waiting.
 */
export class DeliverStage {
  readonly counter = new StageCounter("deliver");
  readonly #options: DeliverOptions;
  readonly #notifiers: ReadonlyMap<string, Notifier>;
  readonly #lanes = new Lanes<OutboxItem>((item) => this.#settle(item));
  readonly #permits = new Permits(REQUESTS_MAX);
  /** Ends waits and keeps new attempts from beginning. */
  readonly #stop = new AbortController();
  /** Ends requests under way. */
  readonly #cut = new AbortController();
  readonly #disabled = new Set<string>();

  constructor(options: DeliverOptions) {
    this.#options = options;
    this.#notifiers = new Map(options.notifiers.map((notifier) => [notifier.target, notifier]));
  }

  /** Notifications waiting or under way. */
  get waiting(): number {
    return this.#lanes.size;
  }

  /** Renders notifications, makes them durable by their first intent, and queues them. */
  async run(drafts: readonly Draft[]): Promise<void> {
    await Promise.all(drafts.map((draft) => this.#accept(draft)));
  }

  /** Queues what an earlier life of alerting began and did not finish. */
  resume(open: Iterable<OpenNotification>): void {
    for (const notification of open) {
      if (!this.#notifiers.has(notification.target)) continue;
      this.counter.in++;
      // Whether the last announced attempt was made is unknown: the next one has a number of its own.
      this.#lanes.push({ ...notification, attempt: notification.attempt + 1, announced: false });
    }
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

  async #accept(draft: Draft): Promise<void> {
    const { event, ...notification } = draft;
    const body = this.#notifiers.get(draft.target)!.render(event, idempotencyKeyOf(draft.id));
    const item: OutboxItem = { ...notification, body, attempt: 1, announced: true, notBeforeMs: 0 };
    this.counter.in++;
    await this.#options.record.intent(item, 1);
    if (this.#lanes.size < OUTBOX_MAX) this.#lanes.push(item);
    else await this.#finish(item, 1, refusal("rejected", `${OUTBOX_MAX} notifications are waiting already`));
  }

  /** Tries until there is a final outcome or we are stopped. Never throws. */
  async #settle(item: OutboxItem): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        const { clock } = this.#options;
        const waitMs = item.notBeforeMs - clock.nowMs();
        if (waitMs > 0) await clock.sleep(waitMs, this.#stop.signal);
        if (await this.#attempt(item)) return;
      }
    } catch (error) {
      if (error instanceof OperatingError && error.code === "ABORTED") return;
      this.#options.onFailure(error);
    }
  }

  /** @returns whether the notification is settled. */
  async #attempt(item: OutboxItem): Promise<boolean> {
    const { attempt } = item;
    const answer = await this.#permits.use(() => this.#ask(item));
    if (answer.verdict === "unknown") return false;
    if (answer.verdict === "retry" && attempt >= ATTEMPTS_MAX) {
      await this.#finish(item, attempt, { ...answer, verdict: "rejected", detail: `given up: ${answer.detail}` });
      return true;
    }
    await this.#finish(item, attempt, answer);
    if (answer.verdict !== "retry") return true;
    item.attempt = attempt + 1;
    item.announced = false;
    item.notBeforeMs = this.#options.clock.nowMs() + retryWaitMs(item.id, attempt, answer.retryAfterMs);
    return false;
  }

  async #ask(item: OutboxItem): Promise<DeliveryAnswer> {
    const { record } = this.#options;
    await record.assertOwner(this.#stop.signal);
    if (!item.announced) await record.intent(item, item.attempt);
    if (this.#disabled.has(item.target)) return refusal("target-disabled", "the target was disabled before");
    if (this.#stop.signal.aborted) return refusal("unknown", "stopped before the attempt");
    const request = { body: item.body, idempotencyKey: idempotencyKeyOf(item.id) };
    return await this.#notifiers.get(item.target)!.send(request, this.#cut.signal);
  }

  async #finish(item: OutboxItem, attempt: number, answer: DeliveryAnswer): Promise<void> {
    const { record, logger } = this.#options;
    const { target, alertKey } = item;
    await record.outcome(item, attempt, answer);
    const facts = { target, alertKey, attempt, status: answer.httpStatus, detail: answer.detail };
    if (answer.verdict === "delivered") this.counter.out++;
    else logger.warn(facts, `a notification was not delivered: ${answer.verdict}`);
    if (answer.verdict === "rejected" || answer.verdict === "target-disabled") this.counter.dropped++;
    if (answer.verdict === "target-disabled") this.#disabled.add(target);
  }
}

function refusal(verdict: DeliveryAnswer["verdict"], detail: string): DeliveryAnswer {
  return { verdict, httpStatus: 0, detail, retryAfterMs: null };
}
