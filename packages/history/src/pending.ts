import { OperatingError } from "@farmscope/runtime";
import type { SeriesWrite } from "@farmscope/store";
import type { Effect } from "./effects.ts";

export interface ViewWrite {
  readonly key: string;
  readonly value: Uint8Array;
  readonly ttlMs?: number;
}

/** What an earlier owner committed, as far as the log still has it. */
export interface Committed {
  /** Position up to which effects are off. */
  readonly silentThrough: number;
  /** Id of the record there; "" when it is not known. */
  readonly recordId: string;
  /** Told when another record stands there: the log lost its tail and grew again. */
  readonly onForeign: (recordId: string) => void;
  /** More was committed than the log has now. */
  readonly lostTail: boolean;
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
  readonly #committed: Committed;
  #silentThrough: number;
  #showsLost: boolean;

  constructor(committed: Committed) {
    this.#silentThrough = committed.silentThrough;
    this.#committed = committed;
    this.#showsLost = committed.lostTail;
  }

  /** Effects are off up to this position too: a checkpoint that the fold begins with has what came before. */
  silence(through: number): void {
    this.#silentThrough = Math.max(this.#silentThrough, through);
  }

  /** Whether the record that is being folded lies behind the committed position. */
  get live(): boolean {
    return this.position > this.#silentThrough;
  }

  get writes(): number {
    return this.changed.size + this.series.length + this.effects.length;
  }

  /** @throws {OperatingError} LOG_TRUNCATED (retriable) when the log lost records that were folded in this life. */
  enter(position: number, recordId: string): void {
    if (position <= this.position) {
      const text = `position ${position} came after ${this.position}: the log lost its tail, so all is folded anew`;
      throw new OperatingError("LOG_TRUNCATED", text, { retriable: true });
    }
    this.position = position;
    this.recordId = recordId;
    const { silentThrough, recordId: committedId, onForeign } = this.#committed;
    if (position !== silentThrough || committedId === "" || committedId === recordId) return;
    this.#showsLost = true;
    onForeign(recordId);
  }

  /** True once, when views show what the log has lost: then all of them are to be written, not only those that changed. */
  takeRewrite(): boolean {
    const rewrites = this.#showsLost;
    this.#showsLost = false;
    return rewrites;
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
