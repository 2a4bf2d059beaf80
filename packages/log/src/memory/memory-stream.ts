import type { LogRecord, StreamPositions } from "../port.ts";
import { DEDUP_WINDOW_MS, type Retention } from "../retention.ts";

/** Removed records are cut off the array when they are at least this many and half of it. */
const COMPACT_FROM = 1_024;

interface SeenId {
  readonly position: number;
  readonly atMs: number;
}

/** One stream in memory: records in order, without the oldest that retention has removed. */
export class MemoryStream {
  /** Told after every append. */
  readonly listeners = new Set<() => void>();
  readonly #retention: Retention;
  #records: LogRecord[] = [];
  /** Index in `#records` of the oldest retained one. */
  #head = 0;
  #last = 0;
  #bytes = 0;
  readonly #seen = new Map<string, SeenId>();

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  /** Appends, unless `id` was seen within the window: then the position of the first one is returned. */
  append(key: string, payload: Uint8Array, id: string | undefined, nowMs: number): number {
    this.#forgetIds(nowMs);
    const before = id === undefined ? undefined : this.#seen.get(id);
    if (before !== undefined) return before.position;
    const position = ++this.#last;
    this.#records.push({ position, key, appendedAtMs: nowMs, payload: payload.slice() });
    this.#bytes += payload.length;
    if (id !== undefined) this.#seen.set(id, { position, atMs: nowMs });
    this.expire(nowMs);
    for (const listener of this.listeners) listener();
    return position;
  }

  /** Removes what retention no longer keeps. */
  expire(nowMs: number): void {
    const { bytesMax, ageMsMax } = this.#retention;
    for (let oldest = this.#records[this.#head]; oldest !== undefined; oldest = this.#records[this.#head]) {
      const isTooOld = ageMsMax !== null && oldest.appendedAtMs + ageMsMax <= nowMs;
      if (this.#bytes <= bytesMax && !isTooOld) break;
      this.#bytes -= oldest.payload.length;
      this.#head++;
    }
    if (this.#head < COMPACT_FROM || this.#head * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  /** Removes the newest records, at most all that are retained, and forgets their ids. */
  loseTail(count: number): void {
    for (let left = count; left > 0 && this.#records.length > this.#head; left--) {
      this.#bytes -= this.#records.pop()!.payload.length;
      this.#last--;
    }
    for (const [id, { position }] of this.#seen) if (position > this.#last) this.#seen.delete(id);
  }

  positions(): StreamPositions {
    return { first: this.#first, last: this.#last, messages: this.#records.length - this.#head, bytes: this.#bytes };
  }

  /** The record at a retained position. */
  at(position: number): LogRecord | undefined {
    return position < this.#first ? undefined : this.#records[this.#head + position - this.#first];
  }

  /** The newest record with this key. Cost: the number of newer records. */
  lastOf(key: string): LogRecord | null {
    const index = this.#records.findLastIndex((record, place) => place >= this.#head && record.key === key);
    return index < 0 ? null : copyOf(this.#records[index]);
  }

  get #first(): number {
    return this.#last - (this.#records.length - this.#head) + 1;
  }

  /** Ids are seen in order of time, and so stand in the map. */
  #forgetIds(nowMs: number): void {
    for (const [id, { atMs }] of this.#seen) {
      if (atMs + DEDUP_WINDOW_MS > nowMs) return;
      this.#seen.delete(id);
    }
  }
}

/** A record that its reader may do with what it likes. */
export function copyOf(record: LogRecord): LogRecord {
  return { ...record, payload: record.payload.slice() };
}
