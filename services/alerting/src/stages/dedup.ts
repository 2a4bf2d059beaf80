import { type Draft, draftsOf, type Target } from "@farmscope/alerting-core";
import { type DecisionReason, isNotice, type NoticeLine } from "@farmscope/domain";
import { StageCounter } from "@farmscope/runtime";
import type { TellingBook } from "../notification.ts";

/**
 * Lets through what is news: for a receiver, packages/domain/src/alert/notify/decision.ts; for each of its targets, what
 * fs.alert does not say it was told. Counts alerts.
 */
export class DedupStage {
  readonly counter = new StageCounter("dedup");
  readonly #telling: TellingBook;

  /** @param telling what fs.alert says was told already. */
  constructor(telling: TellingBook) {
    this.#telling = telling;
  }

  examined(reason: DecisionReason): void {
    this.counter.in++;
    if (isNotice(reason)) this.counter.out++;
    else this.counter.dropped++;
  }

  /** The notifications that a decision leads to at a target. */
  draftsFor(target: Target, noticeId: string, group: string, lines: readonly NoticeLine[]): readonly Draft[] {
    const known = lines.filter((line) => this.#isComprehensible(target, line));
    const drafts = draftsOf(noticeId, known, group, target);
    return drafts.filter((draft) => this.#isNews(draft));
  }

  /** An end without a beginning would only puzzle: a target may have come later than the incident. */
  #isComprehensible({ name }: Target, { event, reason }: NoticeLine): boolean {
    return (
      reason === "FirstNotification" || reason === "RepeatIntervalElapsed" || this.#telling.knows(name, event.alertKey)
    );
  }

  /** False when the outbox has this very notification, from before a restart or by another route. */
  #isNews({ id, target, lines }: Draft): boolean {
    if (lines.some(({ event }) => this.#telling.has(target, event.alertKey, id))) return false;
    for (const { event, reason } of lines) this.#telling.note(target, event.alertKey, id, reason);
    return true;
  }
}
