import { WireFormatError } from "../wire/wire-format-error.ts";
import { EXACT_COUNTERS, EXACT_US_MAX, SIGNIFICANT_DIGITS } from "./hdr-geometry.ts";

/**
 * HdrHistogram's V2 encoding, uncompressed, which any of its implementations reads. It is written here because
 * hdr-histogram-js only offers it deflated and in base64, whose bytes differ between deflate implementations; the tests
 * hold both directions against that library.
 * Source: org.HdrHistogram.AbstractHistogram.encodeIntoByteBuffer, HdrHistogram 2.1.12.
 *
 *   0       4         8            12       16          24           32       40
 *   +-------+---------+------------+--------+-----------+------------+--------+---------
 *   |cookie | payload | normalizing| digits | lowest    | highest    | ratio  | payload   big-endian
 *   |       | bytes   | offset     |        | value     | value      |        |
 *   +-------+---------+------------+--------+-----------+------------+--------+---------
 * Payload: zigzag LEB128 numbers; a positive one is the next counter, a negative one that many counters of zero.
 */
const COOKIE = 0x1c849303 | 0x10;
const HEADER_BYTES = 40;
/** LEB128 in its 64-bit, 9-byte variant: the ninth byte carries eight bits. */
const VARINT_BYTES_MAX = 9;

/** Encodes counters given by number. Cost: one step per non-zero counter. */
export function encodeHdrV2(counts: ReadonlyMap<number, number>): Uint8Array<ArrayBuffer> {
  const payload: number[] = [];
  let next = 0;
  for (const index of [...counts.keys()].sort((a, b) => a - b)) {
    const zeros = index - next;
    if (zeros > 0) pushZigzag(payload, zeros === 1 ? 0 : -zeros);
    pushZigzag(payload, counts.get(index)!);
    next = index + 1;
  }
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const header = new DataView(bytes.buffer);
  header.setInt32(0, COOKIE);
  header.setInt32(4, payload.length);
  header.setInt32(8, 1); // hdr-histogram-js writes 1 here and ignores it when reading.
  header.setInt32(12, SIGNIFICANT_DIGITS);
  header.setBigInt64(16, 1n);
  header.setBigInt64(24, BigInt(EXACT_US_MAX));
  header.setBigInt64(32, 1n);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/**
 * Decodes counters by number.
 * @throws {WireFormatError} when the bytes are no V2 histogram of our bounds and precision.
 */
export function decodeHdrV2(bytes: Uint8Array): Map<number, number> {
  checkHeader(bytes);
  const counts = new Map<number, number>();
  const cursor = { at: HEADER_BYTES };
  let index = 0;
  while (cursor.at < bytes.length) {
    const value = readZigzag(bytes, cursor);
    if (value > 0) counts.set(index, value);
    index += value < 0 ? -value : 1;
    if (index > EXACT_COUNTERS) throw new WireFormatError("malformed", `a histogram has no counter ${index}`);
  }
  return counts;
}

function checkHeader(bytes: Uint8Array): void {
  if (bytes.length < HEADER_BYTES) throw new WireFormatError("malformed", "a histogram's header is cut short");
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ours =
    header.getInt32(0) === COOKIE &&
    header.getInt32(12) === SIGNIFICANT_DIGITS &&
    header.getBigInt64(24) === BigInt(EXACT_US_MAX);
  if (!ours) throw new WireFormatError("unknown-version", "a histogram of another kind, range or precision");
  const payload = bytes.length - HEADER_BYTES;
  if (header.getInt32(4) !== payload) throw new WireFormatError("malformed", `a histogram has ${payload} bytes`);
}

function pushZigzag(bytes: number[], value: number): void {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (let length = 1; rest >= 128 && length < VARINT_BYTES_MAX; length++) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function readZigzag(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  let scale = 1;
  for (let length = 1; length <= VARINT_BYTES_MAX; length++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new WireFormatError("malformed", "a histogram ends within a number");
    const last = byte < 128 || length === VARINT_BYTES_MAX;
    value += (length === VARINT_BYTES_MAX ? byte : byte & 127) * scale;
    if (last) break;
    scale *= 128;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
