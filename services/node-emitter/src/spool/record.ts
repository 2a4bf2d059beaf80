import { crc32 } from "node:zlib";
import type { EncodedBatch } from "../stages/spool.ts";

/**
 * A batch as it stands in a segment. Numbers are little-endian.
 *
 * ```
 *  0        4        8      12       16            18          20
 *  +--------+--------+-------+--------+-------------+-----------+------+----+---------+
 *  | length | CRC-32 |  seq  | events | node length | id length | node | id | payload |
 *  +--------+--------+-------+--------+-------------+-----------+------+----+---------+
 *                    |<------------------------ length ----------------------------->|
 * ```
 *
 * The checksum (zlib's polynomial) is over the length and everything behind the checksum. Names are UTF-8.
 */
const PREFIX_BYTES = 8;
const FIXED_BYTES = 12;
/** A greater length is damage: no broker takes such a message (nats-server: max_payload is at most 64 MiB). */
const LENGTH_MAX = 65 * 2 ** 20;

/** What was found at a place in a segment. */
export type Finding =
  | { readonly kind: "batch"; readonly batch: EncodedBatch; readonly end: number }
  /** It goes on behind the end of the bytes; `bytes` is what must be there to tell more. */
  | { readonly kind: "partial"; readonly bytes: number }
  | { readonly kind: "damaged" };

/** Size of a batch in a segment, in bytes. */
export function recordBytes(batch: EncodedBatch): number {
  return (
    PREFIX_BYTES + FIXED_BYTES + Buffer.byteLength(batch.node) + Buffer.byteLength(batch.id) + batch.payload.length
  );
}

export function encodeRecord(batch: EncodedBatch): Buffer {
  const node = Buffer.from(batch.node);
  const id = Buffer.from(batch.id);
  const record = Buffer.allocUnsafe(PREFIX_BYTES + FIXED_BYTES + node.length + id.length + batch.payload.length);
  record.writeUInt32LE(record.length - PREFIX_BYTES, 0);
  record.writeUInt32LE(batch.seq, 8);
  record.writeUInt32LE(batch.events, 12);
  record.writeUInt16LE(node.length, 16);
  record.writeUInt16LE(id.length, 18);
  node.copy(record, PREFIX_BYTES + FIXED_BYTES);
  id.copy(record, PREFIX_BYTES + FIXED_BYTES + node.length);
  record.set(batch.payload, PREFIX_BYTES + FIXED_BYTES + node.length + id.length);
  record.writeUInt32LE(checksumOf(record), 4);
  return record;
}

/** Reads the record at `at`. The payload is a view of `bytes`. */
export function decodeRecord(bytes: Buffer, at: number): Finding {
  const available = bytes.length - at;
  if (available < PREFIX_BYTES) return { kind: "partial", bytes: PREFIX_BYTES };
  const length = bytes.readUInt32LE(at);
  if (length < FIXED_BYTES || length > LENGTH_MAX) return { kind: "damaged" };
  if (available < PREFIX_BYTES + length) return { kind: "partial", bytes: PREFIX_BYTES + length };
  const record = bytes.subarray(at, at + PREFIX_BYTES + length);
  if (record.readUInt32LE(4) !== checksumOf(record)) return { kind: "damaged" };
  const idAt = PREFIX_BYTES + FIXED_BYTES + record.readUInt16LE(16);
  const payloadAt = idAt + record.readUInt16LE(18);
  const batch: EncodedBatch = {
    node: record.toString("utf8", PREFIX_BYTES + FIXED_BYTES, idAt),
    id: record.toString("utf8", idAt, payloadAt),
    seq: record.readUInt32LE(8),
    payload: record.subarray(payloadAt),
    events: record.readUInt32LE(12),
  };
  return { kind: "batch", batch, end: at + record.length };
}

function checksumOf(record: Buffer): number {
  return crc32(record.subarray(PREFIX_BYTES), crc32(record.subarray(0, 4)));
}
