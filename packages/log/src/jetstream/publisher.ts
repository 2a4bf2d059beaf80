import { encodeToken } from "@farmscope/domain";
import { type Link, OperatingError } from "@farmscope/runtime";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import type { AppendOptions } from "../port.ts";
import { payloadBytesMax, type Session } from "./session.ts";
import { KEY_HEADER, type KeyPlace } from "./subjects.ts";
import { translate, unavailable } from "./translate.ts";

/** Appends that are sent and not yet acknowledged, at most: by number and by bytes of payload. */
export interface InFlightLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

const IN_FLIGHT_DEFAULT: InFlightLimits = { countMax: 512, bytesMax: 16 * 2 ** 20 };

/** An append on its way: waiting, then in flight, then settled. */
interface Entry {
  readonly place: KeyPlace;
  readonly payload: Uint8Array;
  readonly id: string | undefined;
  readonly doing: string;
  isSettled: boolean;
  readonly resolve: (position: number) => void;
  readonly reject: (error: OperatingError) => void;
}

/**
 * Sends appends in the order of the calls without waiting for one acknowledgement before the next, within limits. When
 * the connection is lost everything under way fails as retriable; what had been sent may be in the log all the same.
 */
export class Publisher {
  readonly #link: Link<Session>;
  readonly #limits: InFlightLimits;
  /** Sent and not acknowledged. */
  readonly #inFlight = new Set<Entry>();
  #inFlightBytes = 0;
  #waiting: Entry[] = [];
  #isDialling = false;

  constructor(link: Link<Session>, limits: InFlightLimits = IN_FLIGHT_DEFAULT) {
    this.#link = link;
    this.#limits = limits;
    link.downListeners.add(() => this.#failAll(unavailable("the connection was lost before the acknowledgement")));
  }

  /** @param doing what this is, for people: "appending to FS_VIEW". */
  append(place: KeyPlace, payload: Uint8Array, options: AppendOptions, doing: string): Promise<number> {
    const { id, signal } = options;
    return new Promise<number>((resolve, reject) => {
      const over = new AbortController();
      const entry: Entry = {
        place,
        payload,
        id,
        doing,
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
      const settle = (): void => {
        entry.isSettled = true;
        over.abort();
      };
      const onAbort = (): void => entry.reject(new OperatingError("ABORTED", `${doing}: cancelled`));
      signal?.addEventListener("abort", onAbort, { once: true, signal: over.signal });
      this.#waiting.push(entry);
      this.#pump();
    });
  }

  #pump(): void {
    for (let entry = this.#waiting[0]; entry !== undefined; entry = this.#waiting[0]) {
      if (entry.isSettled) {
        this.#waiting.shift();
        continue;
      }
      if (!this.#hasRoom(entry.payload.length)) return;
      const session = this.#link.wire;
      if (session === null) {
        void this.#dialThenPump();
        return;
      }
      this.#waiting.shift();
      if (this.#fits(session, entry)) this.#send(session, entry);
    }
  }

  /** The limit is known for certain only now: the server may have another one than was thought while it was away. */
  #fits(session: Session, entry: Entry): boolean {
    const limit = payloadBytesMax(session);
    if (entry.payload.length <= limit) return true;
    const message = `${entry.doing}: ${entry.payload.length} bytes exceed the server's limit of ${limit}`;
    entry.reject(new OperatingError("LOG_MESSAGE_TOO_LARGE", message));
    return false;
  }

  /** One append is always let through, however large. */
  #hasRoom(bytes: number): boolean {
    if (this.#inFlight.size === 0) return true;
    return this.#inFlight.size < this.#limits.countMax && this.#inFlightBytes + bytes <= this.#limits.bytesMax;
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
    this.#pump();
  }

  #send(session: Session, entry: Entry): void {
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.payload.length;
    session.streams.publish(entry.place.subject, entry.payload, { headers: headersOf(entry) }).then(
      ({ seq }) => this.#acknowledged(entry, () => entry.resolve(seq)),
      (error: unknown) => this.#acknowledged(entry, () => entry.reject(translate(error, entry.doing))),
    );
  }

  /** Late news of an append that was given up changes nothing any more. */
  #acknowledged(entry: Entry, settle: () => void): void {
    if (this.#inFlight.delete(entry)) this.#inFlightBytes -= entry.payload.length;
    if (!entry.isSettled) settle();
    this.#pump();
  }

  #failAll(error: OperatingError): void {
    const entries = [...this.#inFlight, ...this.#waiting];
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.#waiting = [];
    for (const entry of entries) if (!entry.isSettled) entry.reject(error);
  }
}

function headersOf(entry: Entry): MsgHdrs {
  const all = headers();
  if (entry.id !== undefined) all.set("Nats-Msg-Id", encodeToken(entry.id));
  if (entry.place.header !== null) all.set(KEY_HEADER, entry.place.header);
  return all;
}
