import { StageCounter } from "@farmscope/runtime";

/**
 * Decides who hears of an event: packages/domain/src/alert/notify/route.ts. An alert that is only pending, or was never
 * more, is told to nobody, and goes no further. Counts events.
 */
export class RouteStage {
  readonly counter = new StageCounter("route");

  routed(): void {
    this.counter.in++;
    this.counter.out++;
  }

  untold(): void {
    this.counter.in++;
    this.counter.dropped++;
  }
}
