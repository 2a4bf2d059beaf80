import { JetStreamApiError } from "@nats-io/jetstream";
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";

/** What came back for a message that was published. */
export type Answer =
  | { readonly kind: "stored"; readonly position: number }
  /** Nobody listens on the subject: the stream does not exist, or has no leader just now. Nothing was stored. */
  | { readonly kind: "nobody" }
  /** The server says why it did not store it. */
  | { readonly kind: "refused"; readonly error: Error };

/** One way to publish and hear of it; what the publisher needs of a connection. */
export interface AckedSender {
  /** Publishes; `onAnswer` is called at most once, unless forgotten. @returns the token to {@link forget} it by. */
  send(subject: string, payload: Uint8Array, headers: MsgHdrs | null, onAnswer: (answer: Answer) => void): number;
  /** The answer to this message is of no interest any more. */
  forget(token: number): void;
}

const STATUS_NO_RESPONDERS = 503;

/**
 * Publishes with a reply subject under one inbox and takes the acknowledgements from there. The client's own publish
 * makes a timer and three promises for every message, which cost more than the message.
 */
export class AckInbox implements AckedSender {
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #awaited = new Map<number, (answer: Answer) => void>();
  #token = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#prefix = `${createInbox()}.`;
    connection.subscribe(`${this.#prefix}*`, { callback: (error, message) => this.#onMessage(error, message) });
  }

  send(subject: string, payload: Uint8Array, headers: MsgHdrs | null, onAnswer: (answer: Answer) => void): number {
    const token = ++this.#token;
    const reply = `${this.#prefix}${token}`;
    this.#connection.publish(subject, payload, headers === null ? { reply } : { reply, headers });
    this.#awaited.set(token, onAnswer);
    return token;
  }

  forget(token: number): void {
    this.#awaited.delete(token);
  }

  #onMessage(error: Error | null, message: Msg): void {
    // The subscription itself failed: the appends run into their time limit.
    if (error !== null) return;
    const token = Number(message.subject.slice(this.#prefix.length));
    const onAnswer = this.#awaited.get(token);
    if (onAnswer === undefined) return;
    this.#awaited.delete(token);
    onAnswer(answerIn(message));
  }
}

/** Source: NATS ADR-1, io.nats.jetstream.api.v1.pub_ack_response. */
function answerIn(message: Msg): Answer {
  if (message.data.length === 0 && message.headers?.code === STATUS_NO_RESPONDERS) return { kind: "nobody" };
  try {
    const { seq, error } = message.json<{ seq?: number; error?: ConstructorParameters<typeof JetStreamApiError>[0] }>();
    if (error !== undefined) return { kind: "refused", error: new JetStreamApiError(error) };
    if (seq !== undefined && seq > 0) return { kind: "stored", position: seq };
  } catch {
    // Told below like any other answer that is none.
  }
  return { kind: "refused", error: new Error("the server's acknowledgement cannot be read") };
}
