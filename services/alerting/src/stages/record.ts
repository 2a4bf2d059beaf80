import {
  alertRecord,
  boundedId,
  intentIdOf,
  noticeBodyOf,
  outcomeIdOf,
  type RecordedEvent,
} from "@farmscope/alerting-core";
import type { NoticeDecision } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import {
  AlertRecordSchema,
  create,
  DeliveryIntentSchema,
  DeliveryOutcomeSchema,
  DeliveryResult,
  EvaluationStateSchema,
  toBinary,
} from "@farmscope/proto";
import { type Clock, type Logger, OperatingError, retrying, StageCounter } from "@farmscope/runtime";
import type { Claim, Keys, ViewStore } from "@farmscope/store";
import type { Notification } from "../notification.ts";
import type { DeliveryAnswer, DeliveryVerdict } from "../notifiers/port.ts";

/** The store's scope of alerting. */
export const ALERT_SCOPE = "a0";
/** Version of EvaluationState. */
export const EVALUATION_FOLD_VERSION = 1;

const RESULTS: Readonly<Record<Exclude<DeliveryVerdict, "unknown">, DeliveryResult>> = {
  delivered: DeliveryResult.DELIVERED,
  retry: DeliveryResult.RETRY,
  rejected: DeliveryResult.REJECTED,
  "target-disabled": DeliveryResult.TARGET_DISABLED,
};

export interface RecordOptions {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Under which we act: whoever claims after us fences us off. */
  readonly claim: Claim;
  /** Told what is away; null when it is back. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** How far evaluation has come. */
export interface Progress {
  /** Position of fs.view up to which everything is evaluated and announced. */
  readonly position: number;
  /** Id of the record there. */
  readonly recordId: string;
  /** Where a restart must begin to read. */
  readonly resumePosition: number;
}

/**
 * Writes down what was decided and done, before anyone can see it: events and intents to fs.alert, outcomes after, and
 * the position to the store. All other stages write through this one. Counts records of fs.alert.
 */
export class RecordStage {
  readonly counter = new StageCounter("record");
  readonly #options: RecordOptions;
  readonly #closed = new AbortController();
  #position: number;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#position = options.claim.position;
  }

  /** Records decided events; all are in the log when it resolves. */
  async events(events: readonly RecordedEvent[]): Promise<void> {
    await Promise.all(events.map(({ id, event }) => this.#append(id, event.alertKey, { case: "event", value: event })));
  }

  /** Records that an attempt is about to be made. */
  async intent(notification: Notification, attempt: number): Promise<void> {
    const { id, target, alertKey, incident, eventId, noticeId, body } = notification;
    const atMs = BigInt(Math.round(this.#options.clock.nowMs()));
    const value = create(DeliveryIntentSchema, { target, alertKey, incident, eventId, noticeId, attempt, body, atMs });
    await this.#append(intentIdOf(id, attempt), alertKey, { case: "intent", value });
  }

  /** Records decisions to tell; all are in the log when it resolves. @param notices by their ids. */
  async notices(notices: ReadonlyMap<string, NoticeDecision>): Promise<void> {
    const append = ([id, notice]: readonly [string, NoticeDecision]) =>
      this.#append(id, notice.group, noticeBodyOf(notice));
    await Promise.all(Array.from(notices, append));
  }

  /**
   * Records what an attempt came to. An attempt that came to nothing known has no outcome.
   * @param notBeforeMs when the next attempt may be made; 0 when there is none.
   */
  async outcome(
    notification: Notification,
    attempt: number,
    answer: DeliveryAnswer,
    notBeforeMs: number,
  ): Promise<void> {
    if (answer.verdict === "unknown") return;
    const value = create(DeliveryOutcomeSchema, {
      intentId: intentIdOf(notification.id, attempt),
      result: RESULTS[answer.verdict],
      httpStatus: answer.httpStatus,
      detail: answer.detail,
      atMs: BigInt(Math.round(this.#options.clock.nowMs())),
      notBeforeMs: BigInt(Math.round(notBeforeMs)),
    });
    await this.#append(outcomeIdOf(notification.id, attempt), notification.alertKey, { case: "outcome", value });
  }

  /**
   * Commits how far evaluation has come.
   * @throws {OperatingError} STORE_FENCED when another replica has taken over, or the store is not what it was;
   *   STORE_UNAVAILABLE when it is unknown whether the commit took effect: claim again.
   */
  async commit(progress: Progress): Promise<void> {
    const { store, keys, claim } = this.#options;
    const resumePosition = BigInt(progress.resumePosition);
    const state = create(EvaluationStateSchema, { foldVersion: EVALUATION_FOLD_VERSION, resumePosition });
    const outcome = await store.commit(ALERT_SCOPE, {
      epoch: claim.epoch,
      incarnation: claim.incarnation,
      previousPosition: this.#position,
      position: progress.position,
      recordId: progress.recordId,
      puts: [{ key: keys.alertEvaluation(), value: toBinary(EvaluationStateSchema, state) }],
      deletes: [],
      series: [],
    });
    if (outcome !== "committed") throw new OperatingError("STORE_FENCED", `alerting may not commit: ${outcome}`);
    this.#position = progress.position;
  }

  /**
   * Holds still until it is certain that nobody has claimed alerting after us.
   * @throws {OperatingError} STORE_FENCED when somebody has; ABORTED.
   */
  async assertOwner(signal: AbortSignal): Promise<void> {
    const { store, claim } = this.#options;
    const owner = await this.#retrying(() => store.committed(ALERT_SCOPE), signal);
    if (owner?.epoch === claim.epoch) return;
    throw new OperatingError("STORE_FENCED", "another replica has taken over alerting");
  }

  /** Gives up what still waits for the log: it throws ABORTED. */
  close(): void {
    this.#closed.abort();
  }

  async #append(id: string, alertKey: string, body: Parameters<typeof alertRecord>[1]): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#closed;
    const payload = toBinary(AlertRecordSchema, alertRecord(id, body));
    this.counter.in++;
    await this.#retrying(() => log.append({ kind: "alert" }, boundedId(alertKey), payload, { id, signal }), signal);
    this.counter.out++;
  }

  async #retrying<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, logger, onTrouble } = this.#options;
    let failed = false;
    const onFailure = (error: OperatingError): void => {
      failed = true;
      onTrouble(error.message);
      logger.warn(`alerting waits: ${error.message}`);
    };
    const result = await retrying(clock, work, { signal, onFailure });
    if (failed) onTrouble(null);
    return result;
  }
}
