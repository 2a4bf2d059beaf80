/**
 * Varints: seven bits a byte, least significant first, the high bit set on all but the last. Signed numbers are
 * zigzagged: 0, -1, 1, -2 … become 0, 1, 2, 3 …
 * Source: Protocol Buffers, "Encoding", Base 128 Varints and Signed Integers.
 */
import { WireFormatError } from "./wire-format-error.ts";

/** Bytes of the longest varint of a number below 2^32, and of one below 2^53. */
export const VARINT32_BYTES_MAX = 5;
export const VARINT53_BYTES_MAX = 8;

const TWO_TO_32 = 2 ** 32;
const TWO_TO_53 = 2 ** 53;

/** Writes `value`, an integer of [0, 2^32), at `at`, where there must be room. @returns the position behind it. */
export function putVarint32(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest > 127) {
    bytes[position++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** Writes `value`, an integer of [0, 2^53), at `at`, where there must be room. @returns the position behind it. */
export function putVarint53(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= TWO_TO_32) {
    bytes[position++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  return putVarint32(bytes, position, rest);
}

/** Writes `value`, an integer of (-2^52, 2^52), zigzagged. @returns the position behind it. */
export function putZigzag53(bytes: Uint8Array, at: number, value: number): number {
  const small = value | 0;
  if (small === value) return putVarint32(bytes, at, ((small << 1) ^ (small >> 31)) >>> 0);
  return putVarint53(bytes, at, value < 0 ? -2 * value - 1 : 2 * value);
}

/**
 * Reads varints from bytes that may be hostile: never outside of them, never for ever.
 * Every method throws WireFormatError("malformed") when the bytes end early or a number is too large.
 */
export class VarintReader {
  readonly bytes: Uint8Array;
  /** Where the next read begins. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** An integer of [0, 2^32). */
  varint32(): number {
    const value = this.varint53();
    if (value >= TWO_TO_32) throw new WireFormatError("malformed", `a number at ${this.at} exceeds 32 bits`);
    return value;
  }

  /** An integer of [0, 2^53). */
  varint53(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let read = 0; read < VARINT53_BYTES_MAX; read++) {
      if (this.at >= bytes.length)
        throw new WireFormatError("malformed", `the bytes end within a number at ${this.at}`);
      const byte = bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value >= TWO_TO_53) break;
        return value;
      }
      scale *= 128;
    }
    throw new WireFormatError("malformed", `a number at ${this.at} exceeds 53 bits`);
  }

  /** An integer of (-2^52, 2^52). */
  zigzag53(): number {
    const value = this.varint53();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** @throws {WireFormatError} malformed, when bytes are left over. */
  expectEnd(): void {
    if (this.left !== 0) throw new WireFormatError("malformed", `${this.left} bytes are left over`);
  }
}

/** Collects varints in memory that grows as needed. */
export class VarintWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  varint32(value: number): void {
    this.#reserve(VARINT32_BYTES_MAX);
    this.#length = putVarint32(this.#bytes, this.#length, value);
  }

  varint53(value: number): void {
    this.#reserve(VARINT53_BYTES_MAX);
    this.#length = putVarint53(this.#bytes, this.#length, value);
  }

  zigzag53(value: number): void {
    this.#reserve(VARINT53_BYTES_MAX);
    this.#length = putZigzag53(this.#bytes, this.#length, value);
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + size));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
