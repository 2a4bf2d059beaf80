import { ControlBook, type ControlOutcome, type ReadPlace } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import type { ControlRecord } from "@farmscope/proto";
import { type Clock, type Logger, OperatingError } from "@farmscope/runtime";
import { ControlFollower } from "./control-follower.ts";

/** Longest wait of a refresh for whoever follows, in milliseconds. */
const REFRESH_MS_MAX = 5_000;

export interface LiveControlOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every record, after it was folded. */
  readonly onRecord?: (record: ControlRecord, place: ReadPlace, outcome: ControlOutcome) => void;
}

interface Waiter {
  readonly position: number;
  readonly wake: () => void;
}

/**
 * What holds by fs.control: followed as long as {@link run} goes on, or, where nobody runs it, read up to the present
 * whenever somebody asks.
 */
export class LiveControl {
  readonly book = new ControlBook();
  readonly #options: LiveControlOptions;
  readonly #follower: ControlFollower;
  readonly #waiters = new Set<Waiter>();
  readonly #end = new AbortController();
  #position = 0;
  #isFollowed = false;
  #refreshing: Promise<void> = Promise.resolve();
  #nextRefresh: Promise<void> | null = null;

  constructor(options: LiveControlOptions) {
    this.#options = options;
    this.#follower = new ControlFollower({
      ...options,
      onRecord: (record, place) => this.#take(record, place),
      onPosition: (position) => this.#passed(position),
    });
  }

  /** Position up to which fs.control has been read. */
  get position(): number {
    return this.#position;
  }

  /** Reads what is there now. To be called ahead of {@link run}, if at all. @throws {OperatingError} ABORTED. */
  async catchUp(signal: AbortSignal): Promise<void> {
    await this.#follower.catchUp(signal);
  }

  /** Follows until the signal fires. Not to be mixed with calls of {@link refresh} before it. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isFollowed = true;
    try {
      await this.#follower.follow(signal);
    } finally {
      this.#isFollowed = false;
    }
  }

  /**
   * Brings the book to what stands in the log now: whoever has appended something before sees what came of it. Cost: one
   * question to the broker, shared by those who ask at the same time.
   * @throws {OperatingError} LOG_UNAVAILABLE, TIMEOUT (retriable).
   */
  async refresh(): Promise<void> {
    if (this.#isFollowed) {
      const { last } = await this.#options.log.positions({ kind: "control" });
      return this.through(last, REFRESH_MS_MAX, this.#end.signal);
    }
    // One that is under way may have asked for the end before our record was there.
    this.#nextRefresh ??= this.#refreshing.then(() => {
      this.#nextRefresh = null;
      const refresh = this.#follower.advance(this.#end.signal);
      this.#refreshing = refresh.catch(() => undefined);
      return refresh;
    });
    return this.#nextRefresh;
  }

  /**
   * Waits until the book has what stands at a position. Needs {@link run} to be under way.
   * @throws {OperatingError} TIMEOUT (retriable), ABORTED.
   */
  async through(position: number, msMax: number, signal: AbortSignal): Promise<void> {
    if (this.#position >= position) return;
    const { clock } = this.#options;
    const reached = new AbortController();
    const waiter = { position, wake: () => reached.abort() };
    this.#waiters.add(waiter);
    try {
      await clock.sleep(msMax, AbortSignal.any([signal, reached.signal])).catch(() => undefined);
    } finally {
      this.#waiters.delete(waiter);
    }
    if (this.#position >= position) return;
    if (signal.aborted) throw new OperatingError("ABORTED", "nobody waits for fs.control any more");
    throw new OperatingError("TIMEOUT", `position ${position} of fs.control was not read within ${msMax} ms`, {
      retriable: true,
    });
  }

  /** Nothing is read any more. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#refreshing;
    await this.#follower.close();
  }

  #take(record: ControlRecord, place: ReadPlace): void {
    const outcome = this.book.apply(record, place);
    if (outcome === "invalid" || outcome === "over-limit") {
      this.#options.logger.warn({ position: place.position, id: record.id, outcome }, "a control record has no effect");
    }
    this.#options.onRecord?.(record, place, outcome);
  }

  #passed(position: number): void {
    this.#position = position;
    for (const { position: wanted, wake } of this.#waiters) if (wanted <= position) wake();
  }
}
