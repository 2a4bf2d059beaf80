/** One event on its way to one target. */
export interface Notification {
  readonly id: string;
  readonly target: string;
  readonly alertKey: string;
  readonly incident: string;
  readonly eventId: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The name of the order in which a target is told: one alert after the other's news would be nonsense. */
export function laneOf(notification: Pick<Notification, "target" | "alertKey">): string {
  return `${notification.target}\n${notification.alertKey}`;
}

interface Telling {
  readonly incident: string;
  readonly notificationIds: Set<string>;
}

/** What each target has been told, or is about to be, of the newest incident of each alert. */
export class TellingBook {
  readonly #tellings = new Map<string, Telling>();

  note(notification: Pick<Notification, "id" | "target" | "alertKey" | "incident">): void {
    const lane = laneOf(notification);
    const telling = this.#tellings.get(lane);
    if (telling?.incident === notification.incident) telling.notificationIds.add(notification.id);
    else this.#tellings.set(lane, { incident: notification.incident, notificationIds: new Set([notification.id]) });
  }

  /** Whether a target was told anything of an incident. */
  knows(notification: Pick<Notification, "target" | "alertKey" | "incident">): boolean {
    return this.#tellings.get(laneOf(notification))?.incident === notification.incident;
  }

  has(notification: Pick<Notification, "id" | "target" | "alertKey">): boolean {
    return this.#tellings.get(laneOf(notification))?.notificationIds.has(notification.id) ?? false;
  }

  /** Forgets an alert, when its incident is over and told. */
  forget(notification: Pick<Notification, "target" | "alertKey">): void {
    this.#tellings.delete(laneOf(notification));
  }
}
