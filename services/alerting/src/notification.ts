import type { NoticeReason } from "@farmscope/domain";

/** One message on its way to one target. */
export interface Notification {
  readonly id: string;
  readonly target: string;
  /** The alert, or the group of alerts, that it is of. */
  readonly alertKey: string;
  /** "" when it is of more than one. */
  readonly incident: string;
  readonly eventId: string;
  readonly noticeId: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The name of the order in which a target is told: one alert after the other's news would be nonsense. */
export function laneOf(notification: Pick<Notification, "target" | "alertKey">): string {
  return `${notification.target}\n${notification.alertKey}`;
}

/** What each target has been told, or is about to be, of each alert whose end it has not been told. */
export class TellingBook {
  readonly #tellings = new Map<string, Set<string>>();

  /** @param id of the notification. */
  note(target: string, alertKey: string, id: string, reason: NoticeReason): void {
    const lane = laneOf({ target, alertKey });
    if (reason === "Resolved") {
      this.#tellings.delete(lane);
      return;
    }
    const ids = this.#tellings.get(lane) ?? new Set<string>();
    this.#tellings.set(lane, ids.add(id));
  }

  /** Whether a target was told of an alert and not of its end. */
  knows(target: string, alertKey: string): boolean {
    return this.#tellings.has(laneOf({ target, alertKey }));
  }

  /** Whether a target was told this very thing. */
  has(target: string, alertKey: string, id: string): boolean {
    return this.#tellings.get(laneOf({ target, alertKey }))?.has(id) ?? false;
  }
}
