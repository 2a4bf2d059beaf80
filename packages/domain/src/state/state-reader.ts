import { VarintReader } from "../wire/varint.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const NUMBER_BYTES = 8;

/**
 * Reads what StateWriter wrote, in the same order. Every method throws WireFormatError("malformed") when the bytes end
 * early or make no sense.
 */
export class StateReader {
  readonly #varints: VarintReader;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#varints = new VarintReader(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    const at = this.#take(NUMBER_BYTES);
    return this.#view.getFloat64(at, true);
  }

  count(): number {
    return this.#varints.varint53();
  }

  flag(): boolean {
    const value = this.count();
    if (value > 1) throw new WireFormatError("malformed", `${value} is no flag`);
    return value === 1;
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return utf8.decode(bytes);
    } catch {
      throw new WireFormatError("malformed", "a text is no UTF-8");
    }
  }

  /** A view of what is being read, not a copy. */
  bytes(): Uint8Array {
    const length = this.count();
    const at = this.#take(length);
    return this.#varints.bytes.subarray(at, at + length);
  }

  numbers(): number[] {
    return this.list(() => this.number());
  }

  list<T>(read: () => T): T[] {
    const length = this.count();
    // Every item has at least one byte, so no count makes us reserve more than there is.
    if (length > this.#varints.left) throw new WireFormatError("malformed", `${length} items in too few bytes`);
    const items: T[] = [];
    for (let index = 0; index < length; index++) items.push(read());
    return items;
  }

  optional<T>(read: () => T): T | null {
    return this.flag() ? read() : null;
  }

  /** @throws {WireFormatError} malformed, when bytes are left over. */
  expectEnd(): void {
    this.#varints.expectEnd();
  }

  #take(length: number): number {
    if (length > this.#varints.left) throw new WireFormatError("malformed", "a state is cut short");
    const at = this.#varints.at;
    this.#varints.at += length;
    return at;
  }
}
