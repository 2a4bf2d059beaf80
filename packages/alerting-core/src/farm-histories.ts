import { type ClosedWindow, WindowHistory } from "@farmscope/domain";

/** Most farms whose windows are kept. */
export const FARMS_MAX = 10_000;
/** Event time after which the windows of a farm that went silent are forgotten, beyond the longest span of a rule. */
const SILENT_FARM_MS = 600_000;

/** The last windows of every farm. */
export class FarmHistories {
  /** Longest span of event time that a rule looks back on, in milliseconds. */
  spanMs = 0;
  readonly #farms = new Map<string, { readonly history: WindowHistory; newestMs: number }>();
  #newestMs = 0;

  /** Takes a farm's next window. @returns the farm's windows; null when it was seen before, or there are too many farms. */
  add(window: ClosedWindow): WindowHistory | null {
    if (window.endMs > this.#newestMs) {
      this.#newestMs = window.endMs;
      this.#forgetSilent();
    }
    const farm = this.#farms.get(window.farm) ?? { history: new WindowHistory(), newestMs: 0 };
    if (this.#farms.size >= FARMS_MAX && !this.#farms.has(window.farm)) return null;
    if (!farm.history.add(window, this.spanMs)) return null;
    farm.newestMs = window.endMs;
    this.#farms.set(window.farm, farm);
    return farm.history;
  }

  /** Position of the oldest window kept; null when there is none. */
  get oldestPosition(): number | null {
    let oldest: number | null = null;
    for (const { history } of this.#farms.values()) {
      const position = history.oldestPosition;
      if (position !== null) oldest = Math.min(oldest ?? position, position);
    }
    return oldest;
  }

  #forgetSilent(): void {
    const keepFromMs = this.#newestMs - this.spanMs - SILENT_FARM_MS;
    for (const [farm, { newestMs }] of this.#farms) {
      if (newestMs < keepFromMs) this.#farms.delete(farm);
    }
  }
}
