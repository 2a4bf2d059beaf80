import { StageCounter } from "@farmscope/runtime";
import type { RoutedEvent } from "./route.ts";

/** Events that a target gets as one message. */
export interface EventGroup {
  readonly target: string;
  readonly events: readonly RoutedEvent[];
}

/**
 * Puts events together into messages. Today each event is a message of its own, for each of its targets: nothing waits
 * for company. Counts events.
 */
export class GroupStage {
  readonly counter = new StageCounter("group");

  run(events: readonly RoutedEvent[]): readonly EventGroup[] {
    this.counter.in += events.length;
    this.counter.out += events.length;
    return events.flatMap((event) => event.targets.map((target) => ({ target, events: [event] })));
  }
}
