import { ControlFollower } from "@farmscope/control";
import type { ReadPlace } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import type { ControlRecord } from "@farmscope/proto";
import type { Clock, Logger } from "@farmscope/runtime";

/** A record of fs.control with its place. */
export interface Wish {
  readonly record: ControlRecord;
  readonly place: ReadPlace;
}

/** fs.control at the pace of fs.view: its records wait here until the time of the log has come to them. */
export class ControlFeed {
  readonly #follower: ControlFollower;
  readonly #waiting: Wish[] = [];

  constructor(options: { readonly log: EventLog; readonly clock: Clock; readonly logger: Logger }) {
    this.#follower = new ControlFollower({
      ...options,
      onRecord: (record, place) => void this.#waiting.push({ record, place }),
    });
  }

  /** Reads what is there now. @throws {OperatingError} LOG_UNAVAILABLE (retriable). */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#follower.advance(signal);
  }

  /** Takes out, in order, what was appended up to a moment. */
  *until(ms: number): Generator<Wish> {
    for (let next = this.#waiting[0]; next !== undefined && next.place.appendedAtMs <= ms; next = this.#waiting[0]) {
      this.#waiting.shift();
      yield next;
    }
  }

  async close(): Promise<void> {
    await this.#follower.close();
  }
}
