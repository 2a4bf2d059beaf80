import { StageCounter } from "@farmscope/runtime";
import { LIVE_BYTES_KEPT, LIVE_CLIENT_BYTES_MAX, LIVE_EVENTS_KEPT } from "../limits.ts";
import type { LiveEventName } from "../schemas/index.ts";
import { type LiveEvent, type LiveFilter, renderEvent } from "./live-event.ts";

/** Where a client's events go. */
export interface LiveSink {
  write(text: string): void;
  /** Bytes that were written and have not left yet. */
  readonly waitingBytes: number;
  end(): void;
}

/**
 * Hands live events to every client and keeps the newest for those who come back. Ids grow by one within a life of this
 * process; the life's name is part of them. A client that does not read is cut off: it finds what it missed by
 * Last-Event-ID, or is told to start anew.
 */
export class LiveHub {
  /** Events offered to clients: in = out + dropped + held; dropped with a client that was cut off. */
  readonly counter = new StageCounter("live");
  /** Clients that were cut off. */
  cutOff = 0;
  readonly #life: string;
  readonly #clients = new Map<LiveSink, LiveFilter>();
  readonly #kept: LiveEvent[] = [];
  #keptBytes = 0;
  #sequence = 0;

  /** @param life a name that no other life of this process has. */
  constructor(life: string) {
    this.#life = life;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Adds a client: first what it missed since `lastEventId`, or "reset" when that is not kept any more, then everything
   * from now on.
   * @param reset data of the "reset" event.
   * @returns what removes it again.
   */
  add(sink: LiveSink, filter: LiveFilter, lastEventId: string | null, reset: object): () => void {
    this.#clients.set(sink, filter);
    if (lastEventId !== null) {
      const missed = this.#missedSince(lastEventId);
      for (const event of missed ?? [this.#make("reset", reset, null, this.#sequence)])
        this.#offer(sink, filter, event);
    }
    return () => {
      this.#clients.delete(sink);
    };
  }

  publish(name: LiveEventName, data: object, farm: string | null = null): void {
    const event = this.#make(name, data, farm, ++this.#sequence);
    this.#kept.push(event);
    this.#keptBytes += event.json.length;
    while (this.#kept.length > LIVE_EVENTS_KEPT || this.#keptBytes > LIVE_BYTES_KEPT) {
      this.#keptBytes -= this.#kept.shift()?.json.length ?? 0;
    }
    for (const [sink, filter] of this.#clients) this.#offer(sink, filter, event);
  }

  /** A comment, so that connections are not taken for dead. */
  heartbeat(): void {
    for (const sink of this.#clients.keys()) this.#write(sink, ": still here\n\n");
  }

  /** Ends every stream. */
  close(): void {
    for (const sink of this.#clients.keys()) sink.end();
    this.#clients.clear();
  }

  #make(name: LiveEventName, data: object, farm: string | null, sequence: number): LiveEvent {
    return { sequence, name, data, farm, json: JSON.stringify(data) };
  }

  /** The events behind an id, or null when some of them are not kept or the id is from another life. */
  #missedSince(id: string): LiveEvent[] | null {
    const [life, text] = id.split(".", 2);
    const sequence = Number(text);
    if (life !== this.#life || !Number.isSafeInteger(sequence) || sequence > this.#sequence) return null;
    const missed = this.#kept.filter((event) => event.sequence > sequence);
    return missed.length === this.#sequence - sequence ? missed : null;
  }

  #offer(sink: LiveSink, filter: LiveFilter, event: LiveEvent): void {
    const text = renderEvent(event, filter, `${this.#life}.${event.sequence}`);
    if (text === null) return;
    this.counter.in++;
    if (this.#write(sink, text)) this.counter.out++;
    else this.counter.dropped++;
  }

  /** @returns false when the client did not keep up and was cut off. */
  #write(sink: LiveSink, text: string): boolean {
    if (!this.#clients.has(sink)) return false;
    if (sink.waitingBytes + text.length > LIVE_CLIENT_BYTES_MAX) {
      this.#clients.delete(sink);
      this.cutOff++;
      sink.end();
      return false;
    }
    sink.write(text);
    return true;
  }
}
