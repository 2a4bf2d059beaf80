/** What the reply subject of a delivered message tells of it. */
export interface Delivery {
  /** Place in the stream. */
  readonly streamSequence: number;
  /** Place among what this consumer was sent; without holes. */
  readonly deliverySequence: number;
  /** When the server stored it, Unix milliseconds. */
  readonly storedAtMs: number;
  /** Messages of the consumer that are still in the stream behind this one. */
  readonly pending: number;
}

const NANOSECOND_DIGITS = 6;

/**
 * Reads "$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<delivery sequence>.<nanoseconds>.<pending>"; newer
 * servers put domain and account before the stream and a random token at the end. Source: NATS ADR-15.
 * @returns null for what is no such subject.
 */
export function parseDelivery(reply: string | undefined): Delivery | null {
  if (reply === undefined || !reply.startsWith("$JS.ACK.")) return null;
  const tokens = reply.split(".");
  const start = tokens.length >= 11 ? 7 : 5;
  const [streamSequence, deliverySequence, nanoseconds = "", pending] = tokens.slice(start, start + 4);
  return {
    streamSequence: Number(streamSequence),
    deliverySequence: Number(deliverySequence),
    storedAtMs: Number(nanoseconds.slice(0, -NANOSECOND_DIGITS)),
    pending: Number(pending),
  };
}
