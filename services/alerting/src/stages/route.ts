import { type RecordedEvent, transitionName } from "@farmscope/alerting-core";
import type { Transition } from "@farmscope/domain";
import { StageCounter } from "@farmscope/runtime";

/** An event with the targets that are to hear of it. */
export interface RoutedEvent extends RecordedEvent {
  readonly targets: readonly string[];
}

/** What people hear of. An alert that is only pending, or was never more, stays in the log and in the views. */
const TOLD: readonly (Transition | null)[] = ["firing", "escalated", "deescalated", "resolved"];

/**
 * Decides who hears of an event. Today every target hears of every transition of an incident; with no target
 * configured, or for a transition outside of incidents, the event goes no further.
 */
export class RouteStage {
  readonly counter = new StageCounter("route");
  readonly #targets: readonly string[];

  constructor(targets: readonly string[]) {
    this.#targets = targets;
  }

  run(events: readonly RecordedEvent[]): readonly RoutedEvent[] {
    const told =
      this.#targets.length === 0 ? [] : events.filter(({ event }) => TOLD.includes(transitionName(event.transition)));
    this.counter.in += events.length;
    this.counter.out += told.length;
    this.counter.dropped += events.length - told.length;
    return told.map((recorded) => ({ ...recorded, targets: this.#targets }));
  }
}
