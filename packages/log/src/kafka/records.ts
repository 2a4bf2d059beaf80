import { decodeToken, encodeToken } from "@farmscope/domain";
import type { LogRecord, StreamName } from "../port.ts";
import { brokerStreamName } from "../port.ts";
import type { FetchedMessage, Message, Place } from "./requests.ts";

/**
 * A message's key is the record's key in UTF-8, so that other readers of the topic understand it. A key that UTF-8
 * cannot hold (a lone surrogate) travels in this header, encoded as a token.
 */
const KEY_HEADER = "farmscope-key";
/** The append's id. Kafka does not look at it: it is there for whoever reads the topic. */
const ID_HEADER = "farmscope-id";

/** Bytes that a message takes in a batch besides key, payload and headers, at most. */
const MESSAGE_OVERHEAD_BYTES = 64;

/** Topic and partition of a stream. All raw events are in one topic, whose number of partitions is the installation's. */
export function placeOf(namespace: string, stream: StreamName): Place {
  const name = brokerStreamName(namespace, stream);
  if (stream.kind !== "event") return { topic: name, partition: 0 };
  return { topic: name.slice(0, name.lastIndexOf("_")), partition: stream.partition };
}

export function messageOf(key: string, payload: Uint8Array, id: string | undefined): Message {
  return {
    key: Buffer.from(key),
    value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    headers: {
      ...(id === undefined ? {} : { [ID_HEADER]: Buffer.from(id) }),
      ...(key.isWellFormed() ? {} : { [KEY_HEADER]: Buffer.from(encodeToken(key)) }),
    },
  };
}

/** Bytes that the message takes in a batch, at most. */
export function sizeOf({ key, value, headers }: Message): number {
  const sizes = Object.entries(headers).map(([name, content]) => name.length + Buffer.byteLength(content) + 10);
  return (key?.length ?? 0) + (value?.length ?? 0) + sizes.reduce((sum, size) => sum + size, MESSAGE_OVERHEAD_BYTES);
}

/** The key of a message alone. */
export function keyOf({ key, headers }: Message): string {
  const token = headers[KEY_HEADER];
  return token === undefined ? (key?.toString() ?? "") : decodeToken(token.toString());
}

/** The record, with a payload of its own: the message is a view into a large answer. */
export function recordOf(message: FetchedMessage, key: string): LogRecord {
  return {
    position: positionOf(message.offset),
    key,
    appendedAtMs: Number(message.timestamp),
    payload: new Uint8Array(message.value ?? []),
  };
}

/** Kafka counts from 0, we from 1. */
export function positionOf(offset: string | number): number {
  return Number(offset) + 1;
}

export function offsetOf(position: number): number {
  return position - 1;
}
