import { type Clock, OperatingError } from "@farmscope/runtime";
import { AckPolicy, type ConsumerConfig, DeliverPolicy } from "@nats-io/jetstream";
import { createInbox, type Msg, nanos, type Subscription } from "@nats-io/transport-node";
import { type Delivery, parseDelivery } from "./delivery.ts";
import type { Session } from "./session.ts";
import { differencesIn } from "./streams.ts";

export interface FlowSource {
  /** Name of the stream. */
  readonly stream: string;
  /** Subject of the only messages wanted; undefined: all. */
  readonly filter: string | undefined;
  /** First position wanted. */
  readonly from: number;
}

export interface FlowEvents {
  readonly onMessage: (delivery: Delivery, message: Msg) => void;
  /** The request has been answered in full; the next one may be made. */
  readonly onDone: () => void;
  /** Nothing more will come: the consumer has gone, or a message was lost on the way. */
  readonly onBroken: (why: string) => void;
}

/** How long a request for the next message stands before it is made again, in milliseconds. */
const STANDING_MS = 30_000;
const HEARTBEAT_MS = 2_000;
/** The server removes the consumer when nobody has asked for this long, in milliseconds. */
const INACTIVE_MS_MAX = 60_000;

/** Status codes of pull requests. Source: NATS ADR-13 and ADR-37. */
const STATUS_HEARTBEAT = 100;
const STATUS_NO_MESSAGES = 404;
const STATUS_TIMEOUT = 408;
const STATUS_CONFLICT = 409;

type Request = { readonly kind: "one" | "many"; readonly serial: number; left: number; received: number };

/**
 * One life of one pull consumer: ephemeral, without acknowledgements, so that a loss is a hole in the delivery sequence
 * and ends it. One request at a time: either `pullOne`, which stands until a message comes, or `pullMany`, which takes
 * what is there within a number of bytes.
 */
export class PullFlow {
  /** Messages known to be in the stream behind the last one received. */
  pending: number;
  /** The next message is larger than the bytes that were asked for: only `pullOne` can fetch it. */
  isNextTooLarge = false;
  /** When the server was last heard, by the monotonic clock. */
  heardAtMs: number;
  /** Whether anything was ever received. */
  hasProgressed = false;
  readonly #session: Session;
  readonly #source: FlowSource;
  readonly #consumer: string;
  readonly #clock: Clock;
  readonly #events: FlowEvents;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  #request: Request | null = null;
  #serial = 0;
  #delivered = 0;
  #isClosed = false;

  private constructor(
    session: Session,
    source: FlowSource,
    consumer: { name: string; num_pending: number },
    clock: Clock,
    events: FlowEvents,
  ) {
    this.#session = session;
    this.#source = source;
    this.#consumer = consumer.name;
    this.pending = consumer.num_pending;
    this.#clock = clock;
    this.#events = events;
    this.heardAtMs = clock.monotonicMs();
    this.#inbox = createInbox();
    this.#subscription = session.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#onMessage(error, message),
    });
  }

  /**
   * Creates the consumer, and holds the server to it.
   * @throws {OperatingError} LOG_MISCONFIGURED; and whatever the client throws.
   */
  static async open(session: Session, source: FlowSource, clock: Clock, events: FlowEvents): Promise<PullFlow> {
    const asked = {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: source.from,
      ...(source.filter === undefined ? {} : { filter_subject: source.filter }),
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS_MAX),
    };
    const consumer = await session.manager.consumers.add(source.stream, asked);
    const found = differencesIn<Partial<ConsumerConfig>>(asked, consumer.config);
    if (found.length === 0) return new PullFlow(session, source, consumer, clock, events);
    throw new OperatingError(
      "LOG_MISCONFIGURED",
      `a consumer of ${source.stream} is not as asked: ${found.join("; ")}`,
    );
  }

  /** Whether a request stands unanswered. */
  get isWaiting(): boolean {
    return this.#request !== null;
  }

  pullOne(): void {
    const standing = { expires: nanos(STANDING_MS), idle_heartbeat: nanos(HEARTBEAT_MS) };
    this.#ask("one", 1, { batch: 1, ...standing });
  }

  pullMany(count: number, bytes: number): void {
    this.#ask("many", count, { batch: count, max_bytes: bytes, no_wait: true });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscription.unsubscribe();
    const { manager, connection } = this.#session;
    if (connection.isClosed()) return;
    // Politeness only: without it the server forgets the consumer after a while.
    void manager.consumers.delete(this.#source.stream, this.#consumer).catch(() => undefined);
  }

  #ask(kind: Request["kind"], count: number, request: object): void {
    const { connection } = this.#session;
    if (connection.isClosed()) {
      this.#events.onBroken("the connection was closed");
      return;
    }
    this.#serial++;
    this.#request = { kind, serial: this.#serial, left: count, received: 0 };
    this.heardAtMs = this.#clock.monotonicMs();
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#source.stream}.${this.#consumer}`;
    connection.publish(subject, JSON.stringify(request), { reply: `${this.#inbox}.${this.#serial}` });
  }

  #onMessage(error: Error | null, message: Msg): void {
    if (this.#isClosed) return;
    if (error !== null) {
      this.#events.onBroken(error.message);
      return;
    }
    this.heardAtMs = this.#clock.monotonicMs();
    const delivery = parseDelivery(message.reply);
    if (delivery === null) this.#onStatus(message.subject, message.headers?.code ?? 0);
    else this.#onDelivery(delivery, message);
  }

  #onDelivery(delivery: Delivery, message: Msg): void {
    if (delivery.deliverySequence !== this.#delivered + 1) {
      this.#events.onBroken(`delivery ${delivery.deliverySequence} came after ${this.#delivered}`);
      return;
    }
    this.#delivered = delivery.deliverySequence;
    this.pending = delivery.pending;
    this.isNextTooLarge = false;
    this.hasProgressed = true;
    const request = this.#request;
    this.#events.onMessage(delivery, message);
    if (request === null || request !== this.#request) return;
    request.received++;
    if (--request.left === 0) this.#done();
  }

  #onStatus(subject: string, code: number): void {
    const request = this.#request;
    if (request === null || subject !== `${this.#inbox}.${request.serial}`) return;
    if (code === STATUS_HEARTBEAT) {
      this.hasProgressed = true;
      return;
    }
    if (code === STATUS_NO_MESSAGES || code === STATUS_TIMEOUT) {
      this.pending = 0;
      this.#done();
    } else if (code === STATUS_CONFLICT && request.kind === "many") {
      // The bytes are used up, or the consumer has gone: then the next request will tell.
      this.isNextTooLarge = request.received === 0;
      this.#done();
    } else {
      this.#events.onBroken(`the server answered ${code}`);
    }
  }

  #done(): void {
    this.#request = null;
    this.#events.onDone();
  }
}
