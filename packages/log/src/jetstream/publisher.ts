import { encodeToken } from "@farmscope/domain";
import { type Clock, type Link, OperatingError } from "@farmscope/runtime";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import type { AppendOptions } from "../port.ts";
import { type Entry, type InFlightLimits, Lane } from "./lane.ts";
import { payloadBytesMax, type Session } from "./session.ts";
import { streamInfo } from "./streams.ts";
import { KEY_HEADER, type KeyPlace } from "./subjects.ts";
import { translate, unavailable } from "./translate.ts";

const IN_FLIGHT_DEFAULT: InFlightLimits = { countMax: 512, bytesMax: 16 * 2 ** 20 };

/** How often it is looked for appends that nobody answers, in milliseconds. */
const SWEEP_MS = 500;

/**
 * Sends appends in the order of the calls without waiting for one acknowledgement before the next, within limits, in a
 * lane for each stream. When the connection is lost everything under way fails as retriable; what had been sent may be
 * in the log all the same.
 */
export class Publisher {
  /** Messages that were sent in vain: nobody was there, no answer came, or the connection was lost. */
  failedTries = 0;
  readonly #link: Link<Session>;
  readonly #clock: Clock;
  readonly #limits: InFlightLimits;
  readonly #lanes = new Map<string, Lane>();
  #serial = 0;
  #isDialling = false;
  #isSweeping = false;

  constructor(link: Link<Session>, clock: Clock, limits: InFlightLimits = IN_FLIGHT_DEFAULT) {
    this.#link = link;
    this.#clock = clock;
    this.#limits = limits;
    link.downListeners.add(() => this.#failAll(unavailable("the connection was lost before the acknowledgement")));
  }

  /** @param stream the stream's name in the broker. */
  append(stream: string, place: KeyPlace, payload: Uint8Array, options: AppendOptions): Promise<number> {
    const { id, signal } = options;
    const doing = `appending to ${stream}`;
    return new Promise<number>((resolve, reject) => {
      const entry: Entry = {
        subject: place.subject,
        payload,
        headers: headersOf(place, id),
        isRepeatable: id !== undefined,
        doing,
        serial: ++this.#serial,
        sinceMs: this.#clock.monotonicMs(),
        isSettled: false,
        resolve: (position) => {
          settle();
          resolve(position);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const onAbort = (): void => entry.reject(new OperatingError("ABORTED", `${doing}: cancelled`));
      const settle = (): void => {
        entry.isSettled = true;
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#laneOf(stream).put(entry);
      if (this.#link.wire === null) void this.#dialThenPump();
      void this.#sweep();
    });
  }

  #laneOf(stream: string): Lane {
    const existing = this.#lanes.get(stream);
    if (existing !== undefined) return existing;
    const lane = new Lane({
      clock: this.#clock,
      limits: this.#limits,
      wire: () => this.#wire(),
      exists: async () => (await streamInfo((await this.#link.get()).manager, stream)) !== null,
      onFailedTry: () => this.failedTries++,
    });
    this.#lanes.set(stream, lane);
    return lane;
  }

  #wire() {
    const session = this.#link.wire;
    return session === null ? null : { sender: session.sender, bytesMax: payloadBytesMax(session) };
  }

  async #dialThenPump(): Promise<void> {
    if (this.#isDialling) return;
    this.#isDialling = true;
    try {
      await this.#link.get();
    } catch (error) {
      this.#failAll(translate(error, "connecting"));
    } finally {
      this.#isDialling = false;
    }
    for (const lane of this.#lanes.values()) lane.pump();
  }

  /** Runs as long as anything is under way. */
  async #sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    while (Array.from(this.#lanes.values()).some((lane) => !lane.isIdle)) {
      await this.#clock.sleep(SWEEP_MS);
      for (const lane of this.#lanes.values()) lane.sweep();
    }
    this.#isSweeping = false;
  }

  #failAll(error: OperatingError): void {
    for (const lane of this.#lanes.values()) lane.failAll(error);
  }
}

function headersOf(place: KeyPlace, id: string | undefined): MsgHdrs | null {
  if (id === undefined && place.header === null) return null;
  const all = headers();
  if (id !== undefined) all.set("Nats-Msg-Id", encodeToken(id));
  if (place.header !== null) all.set(KEY_HEADER, place.header);
  return all;
}
