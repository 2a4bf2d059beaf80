import { putVarint53, VARINT53_BYTES_MAX } from "../wire/varint.ts";

const utf8 = new TextEncoder();
const NUMBER_BYTES = 8;

/**
 * Writes the state of folds for checkpoints. The bytes carry no names and no types: whoever reads them must be of the
 * same fold version ({@link FOLD_VERSION}). Equal states give equal bytes.
 */
export class StateWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param capacity bytes to begin with; it grows as needed. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Any number, bit for bit: infinities and minus zero too. */
  number(value: number): void {
    this.#reserve(NUMBER_BYTES);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += NUMBER_BYTES;
  }

  /** An integer of [0, 2^53) that is mostly small. */
  count(value: number): void {
    this.#reserve(VARINT53_BYTES_MAX);
    this.#length = putVarint53(this.#bytes, this.#length, value);
  }

  flag(value: boolean): void {
    this.count(value ? 1 : 0);
  }

  text(value: string): void {
    this.bytes(utf8.encode(value));
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Numbers behind their count. */
  numbers(values: ArrayLike<number>): void {
    this.count(values.length);
    for (let at = 0; at < values.length; at++) this.number(values[at]!);
  }

  /** Items behind their count, in their order. */
  list<T>(items: Iterable<T>, write: (item: T) => void): void {
    const all = Array.isArray(items) ? (items as readonly T[]) : [...items];
    this.count(all.length);
    for (const item of all) write(item);
  }

  /** Something that may be absent. */
  optional<T>(value: T | null, write: (value: T) => void): void {
    this.flag(value !== null);
    if (value !== null) write(value);
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + size));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
