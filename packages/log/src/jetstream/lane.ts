import { type Clock, OperatingError, retrying } from "@farmscope/runtime";
import type { MsgHdrs } from "@nats-io/transport-node";
import type { AckedSender, Answer } from "./ack-inbox.ts";
import { translate, unavailable } from "./translate.ts";

/** Appends that are sent and not yet acknowledged, at most, in one stream: by number and by bytes of payload. */
export interface InFlightLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

/** An append on its way: waiting, then in flight, then settled. */
export interface Entry {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs | null;
  /** It has an id, so that sending it again cannot store it twice. */
  readonly isRepeatable: boolean;
  /** What this is, for people: "appending to FS_VIEW". */
  readonly doing: string;
  /** Grows with each append. */
  readonly serial: number;
  /** When it was asked for, by the monotonic clock. */
  readonly sinceMs: number;
  isSettled: boolean;
  readonly resolve: (position: number) => void;
  readonly reject: (error: OperatingError) => void;
}

interface Flight {
  readonly entry: Entry;
  readonly sentAtMs: number;
  readonly sender: AckedSender;
  token: number;
}

/** A connection to send by. */
export interface Wire {
  readonly sender: AckedSender;
  /** Largest payload that the server takes. */
  readonly bytesMax: number;
}

export interface LaneContext {
  readonly clock: Clock;
  readonly limits: InFlightLimits;
  /** Where to send to now; null while there is no connection: then the lane waits to be pumped. */
  readonly wire: () => Wire | null;
  /** Whether the stream exists. */
  readonly exists: () => Promise<boolean>;
  /** Told of every message that was sent in vain. */
  readonly onFailedTry: () => void;
}

/** An acknowledgement takes milliseconds: after this many the leader is taken to be gone. */
const ANSWER_MS_MAX = 4_000;
/** A probe that is not answered in this time is sent again, in milliseconds. */
const PROBE_MS_MAX = 1_000;
/** An append waits this long for a new leader before it fails, in milliseconds. */
const PATIENCE_MS = 15_000;
/** Waits between probes, in milliseconds. An election takes about five seconds. */
const PROBE_WAITS = { firstMs: 100, maxMs: 500 };

/**
 * The appends to one stream, in the order of the calls, pipelined within limits.
 *
 * When the stream's leader is gone, the lane is held: what had been sent goes back to its place in the queue, and one
 * append at a time asks whether there is a new leader, with a back-off. Once one is acknowledged, the rest follows in
 * the old order. So an election costs a dozen tries, however many appends wait for it.
 */
export class Lane {
  readonly #context: LaneContext;
  #flights: Set<Flight> = new Set();
  #bytes = 0;
  #waiting: Entry[] = [];
  #holding: { readonly sinceMs: number; readonly over: AbortController } | null = null;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  get isIdle(): boolean {
    return this.#flights.size === 0 && this.#waiting.length === 0;
  }

  put(entry: Entry): void {
    this.#waiting.push(entry);
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#holding !== null) return;
    const wire = this.#context.wire();
    if (wire === null) return;
    let sent = 0;
    for (const entry of this.#waiting) {
      if (!entry.isSettled && !this.#hasRoom(entry.payload.length)) break;
      sent++;
      if (!entry.isSettled) this.#send(wire, entry, (flight, answer) => this.#onAnswer(flight, answer));
    }
    if (sent > 0) this.#waiting.splice(0, sent);
  }

  /** Takes a leader that does not answer for gone, and gives up what has waited too long for a new one. */
  sweep(): void {
    const nowMs = this.#context.clock.monotonicMs();
    const [oldest] = this.#flights;
    if (oldest !== undefined && nowMs - oldest.sentAtMs > ANSWER_MS_MAX) this.#hold();
    if (this.#holding === null) return;
    const { sinceMs } = this.#holding;
    for (const entry of this.#waiting) {
      const isOverdue = nowMs - Math.max(sinceMs, entry.sinceMs) > PATIENCE_MS;
      if (isOverdue && !entry.isSettled) entry.reject(unavailable(`${entry.doing}: the stream has no leader`));
    }
    this.#waiting = this.#waiting.filter(({ isSettled }) => !isSettled);
  }

  /** Everything under way fails; what had been sent may be in the log all the same. */
  failAll(error: OperatingError): void {
    this.#holding?.over.abort();
    this.#holding = null;
    const entries = [...Array.from(this.#flights, ({ entry }) => entry), ...this.#waiting];
    for (const { sender, token } of this.#flights) {
      sender.forget(token);
      this.#context.onFailedTry();
    }
    this.#flights = new Set();
    this.#bytes = 0;
    this.#waiting = [];
    for (const entry of entries) if (!entry.isSettled) entry.reject(error);
  }

  /** One append is always let through, however large. */
  #hasRoom(bytes: number): boolean {
    const { countMax, bytesMax } = this.#context.limits;
    if (this.#flights.size === 0) return true;
    return this.#flights.size < countMax && this.#bytes + bytes <= bytesMax;
  }

  #send({ sender, bytesMax }: Wire, entry: Entry, onAnswer: (flight: Flight, answer: Answer) => void): Flight {
    const flight: Flight = { entry, sender, sentAtMs: this.#context.clock.monotonicMs(), token: 0 };
    this.#flights.add(flight);
    this.#bytes += entry.payload.length;
    try {
      checkSize(entry, bytesMax);
      flight.token = sender.send(entry.subject, entry.payload, entry.headers, (answer) => onAnswer(flight, answer));
    } catch (error) {
      this.#land(flight);
      entry.reject(translate(error, entry.doing));
    }
    return flight;
  }

  /** @returns whether it was still under way: late news of what was given up changes nothing here. */
  #land(flight: Flight): boolean {
    if (!this.#flights.delete(flight)) return false;
    this.#bytes -= flight.entry.payload.length;
    return true;
  }

  #onAnswer(flight: Flight, answer: Answer): void {
    const wasFlying = this.#land(flight);
    const { entry } = flight;
    if (answer.kind === "stored") {
      if (!entry.isSettled) entry.resolve(answer.position);
    } else if (wasFlying) {
      this.#onFailure(entry, answer);
    }
    this.pump();
  }

  #onFailure(entry: Entry, answer: Exclude<Answer, { kind: "stored" }>): void {
    this.#context.onFailedTry();
    const error = errorOf(entry, answer);
    if (!error.retriable) {
      if (!entry.isSettled) entry.reject(error);
      return;
    }
    // It was not stored: whatever it is, it may be sent again.
    this.#waiting.push(entry);
    this.#hold();
  }

  #hold(): void {
    if (this.#holding !== null) return;
    const over = new AbortController();
    this.#holding = { sinceMs: this.#context.clock.monotonicMs(), over };
    this.#recall();
    void this.#waitForLeader(over.signal);
  }

  /** What was sent goes back into the queue; an answer that comes late settles it there. */
  #recall(): void {
    const recalled: Entry[] = [];
    for (const { entry } of this.#flights) {
      this.#context.onFailedTry();
      if (entry.isSettled) continue;
      if (entry.isRepeatable) recalled.push(entry);
      else entry.reject(unavailable(`${entry.doing}: the leader went before its acknowledgement`));
    }
    this.#flights = new Set();
    this.#bytes = 0;
    this.#waiting = [...recalled, ...this.#waiting].toSorted((one, other) => one.serial - other.serial);
  }

  async #waitForLeader(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    void this.#failIfAbsent(signal);
    try {
      await clock.sleep(PROBE_WAITS.firstMs, signal);
      await retrying(clock, () => this.#probe(signal), { ...PROBE_WAITS, signal });
    } catch (error) {
      if (!signal.aborted) this.failAll(translate(error, "waiting for the stream's leader"));
    }
    if (signal.aborted) return;
    this.#holding = null;
    this.pump();
  }

  /** A stream without a leader and one that does not exist answer an append alike: with silence. */
  async #failIfAbsent(signal: AbortSignal): Promise<void> {
    const isThere = await this.#context.exists().catch(() => true);
    if (!isThere && !signal.aborted) this.failAll(unavailable("the stream does not exist yet"));
  }

  /** Resolves when an append was stored, or none waits any more. @throws {OperatingError} LOG_UNAVAILABLE (retriable). */
  async #probe(signal: AbortSignal): Promise<void> {
    this.sweep();
    const entry = this.#waiting[0];
    const wire = this.#context.wire();
    if (entry === undefined) return;
    if (wire === null) throw unavailable("the connection is lost");
    const answer = await this.#ask(wire, entry, signal);
    if (answer?.kind === "stored") return;
    this.#context.onFailedTry();
    const error = answer === null ? unavailable(`${entry.doing}: no answer came`) : errorOf(entry, answer);
    const isHopeless = answer === null ? !entry.isRepeatable : !error.retriable;
    if (isHopeless && !entry.isSettled) entry.reject(error);
    throw unavailable("the stream has no leader yet");
  }

  /** Sends one append by itself. @returns its answer, or null when none came in time. */
  async #ask(wire: Wire, entry: Entry, signal: AbortSignal): Promise<Answer | null> {
    const over = new AbortController();
    const { promise: answered, resolve } = Promise.withResolvers<Answer>();
    const flight = this.#send(wire, entry, (_, answer) => {
      if (answer.kind === "stored" && !entry.isSettled) entry.resolve(answer.position);
      resolve(answer);
    });
    const overdue = this.#context.clock.sleep(PROBE_MS_MAX, AbortSignal.any([signal, over.signal])).then(() => null);
    try {
      return await Promise.race([answered, overdue]);
    } finally {
      over.abort();
      this.#land(flight);
    }
  }
}

/** The limit is known for certain only now: the server may have another one than was thought while it was away. */
function checkSize({ payload, doing }: Entry, bytesMax: number): void {
  if (payload.length <= bytesMax) return;
  const message = `${doing}: ${payload.length} bytes exceed the server's limit of ${bytesMax}`;
  throw new OperatingError("LOG_MESSAGE_TOO_LARGE", message);
}

function errorOf(entry: Entry, answer: Exclude<Answer, { kind: "stored" }>): OperatingError {
  if (answer.kind === "refused") return translate(answer.error, entry.doing);
  return unavailable(`${entry.doing}: the stream has no leader`);
}
