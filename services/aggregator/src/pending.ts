import type { SeriesWrite } from "@farmscope/store";
import type { Effect } from "./effects.ts";

export interface ViewWrite {
  readonly key: string;
  readonly value: Uint8Array;
  readonly ttlMs?: number;
}

/**
 * What has been folded and waits for the next commit. While a restarted owner folds what was committed before, effects
 * are off: those records and views exist already.
 */
export class Pending<Changed> {
  /** Views of these have changed. */
  readonly changed = new Set<Changed>();
  effects: Effect[] = [];
  series: SeriesWrite[] = [];
  /** Position of the record that is being folded. */
  position = 0;
  recordId = "";
  #silentThrough: number;

  /** @param silentThrough position up to which effects are off. */
  constructor(silentThrough: number) {
    this.#silentThrough = silentThrough;
  }

  /** Whether the record that is being folded lies behind the committed position. */
  get live(): boolean {
    return this.position > this.#silentThrough;
  }

  get writes(): number {
    return this.changed.size + this.series.length + this.effects.length;
  }

  enter(position: number, recordId: string): void {
    this.position = position;
    this.recordId = recordId;
  }

  emit(effect: Effect): void {
    if (this.live) this.effects.push(effect);
  }

  change(what: Changed): void {
    if (this.live) this.changed.add(what);
  }

  write(entry: SeriesWrite): void {
    if (this.live) this.series.push(entry);
  }

  /** All of it is committed. */
  clear(): void {
    this.changed.clear();
    this.effects = [];
    this.series = [];
  }
}
