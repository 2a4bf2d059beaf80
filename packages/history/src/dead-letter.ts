import type { BatchFault } from "@farmscope/domain";
import { brokerStreamName, type LogRecord, type StreamName } from "@farmscope/log";
import { create, DeadLetterSchema, toBinary } from "@farmscope/proto";
import type { Effect } from "./effects.ts";

/** Bytes of a dead letter besides its payload, at most. */
const ENVELOPE_BYTES_MAX = 1_024;
const DETAIL_CHARACTERS_MAX = 256;

/** Puts a record aside, whole, with its reason. One that leaves no room for the envelope is cut, and says so. */
export function deadLetter(
  namespace: string,
  stream: StreamName,
  record: LogRecord,
  fault: BatchFault,
  messageBytesMax: number,
): Effect {
  const name = brokerStreamName(namespace, stream);
  const room = messageBytesMax - ENVELOPE_BYTES_MAX;
  const cut = record.payload.length > room;
  const detail = fault.detail.slice(0, DETAIL_CHARACTERS_MAX);
  const letter = create(DeadLetterSchema, {
    stream: name,
    position: BigInt(record.position),
    reason: fault.reason,
    detail: cut ? `${detail} (cut from ${record.payload.length} bytes)` : detail,
    appendedAtMs: BigInt(record.appendedAtMs),
    payload: cut ? record.payload.subarray(0, room) : record.payload,
  });
  const id = `dead/${name}/${record.position}`;
  return { stream: { kind: "dead" }, key: record.key, id, payload: toBinary(DeadLetterSchema, letter) };
}
