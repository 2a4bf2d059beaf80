import { notificationIdOf, type RecordedEvent, transitionName } from "@farmscope/alerting-core";
import { StageCounter } from "@farmscope/runtime";
import type { Notification, TellingBook } from "../notification.ts";
import type { EventGroup } from "./group.ts";

/** Why a target is told of an event, or not. */
export type DedupReason =
  | "FirstNotification"
  | "SeverityRaised"
  | "SeverityLowered"
  | "Resolved"
  /** Not told: the outbox has this very notification, from before a restart. */
  | "AlreadyInOutbox"
  /** Not told: an end without a beginning would only puzzle. */
  | "BeginningNotTold";

/** A notification before its message is rendered. */
export type Draft = Omit<Notification, "body"> & Pick<RecordedEvent, "event">;

/**
 * Decides for each target whether an event is news. Remembers, by alert, what was told of its newest incident.
 */
export class DedupStage {
  readonly counter = new StageCounter("dedup");
  readonly #telling: TellingBook;

  /** @param telling what fs.alert says was told already. */
  constructor(telling: TellingBook) {
    this.#telling = telling;
  }

  run(groups: readonly EventGroup[]): readonly Draft[] {
    const drafts = groups.flatMap(({ target, events }) => events.map((event) => draftOf(event, target)));
    const news = drafts.filter((draft) => this.#isNews(draft));
    this.counter.in += drafts.length;
    this.counter.out += news.length;
    this.counter.dropped += drafts.length - news.length;
    return news;
  }

  #isNews(draft: Draft): boolean {
    const reason = dedupReason(draft, this.#telling);
    if (reason === "AlreadyInOutbox" || reason === "BeginningNotTold") return false;
    if (reason === "Resolved") this.#telling.forget(draft);
    else this.#telling.note(draft);
    return true;
  }
}

function draftOf({ id, event }: RecordedEvent, target: string): Draft {
  const { alertKey, incident } = event;
  return { id: notificationIdOf(id, target), target, alertKey, incident, eventId: id, event };
}

export function dedupReason(draft: Draft, telling: TellingBook): DedupReason {
  if (telling.has(draft)) return "AlreadyInOutbox";
  const transition = transitionName(draft.event.transition);
  if (transition === "firing") return "FirstNotification";
  if (!telling.knows(draft)) return "BeginningNotTold";
  if (transition === "escalated") return "SeverityRaised";
  return transition === "deescalated" ? "SeverityLowered" : "Resolved";
}
