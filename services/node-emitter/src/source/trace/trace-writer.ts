import { rename, writeFile } from "node:fs/promises";
import { OperatingError } from "@farmscope/runtime";
import { encodeTrace, TRACE_BYTES_MAX, type TraceHeader } from "./trace-format.ts";

/**
 * Gathers the published batches of one node and writes them as a trace. Held in memory until `close`, up to
 * `bytesMax`; what comes after is refused and counted.
 */
export class TraceWriter {
  readonly #path: string;
  readonly #header: TraceHeader;
  readonly #bytesMax: number;
  readonly #records: Uint8Array[] = [];
  #bytes = 0;
  /** Batches that found no room. */
  refused = 0;

  constructor(path: string, header: TraceHeader, bytesMax: number = TRACE_BYTES_MAX / 2) {
    this.#path = path;
    this.#header = header;
    this.#bytesMax = bytesMax;
  }

  get batches(): number {
    return this.#records.length;
  }

  /** Bytes gathered, uncompressed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True from the first refusal on: a trace has no holes. */
  get isFull(): boolean {
    return this.refused > 0;
  }

  /** Takes an encoded EventRecord; shares its memory. @returns false when there is no room. */
  write(payload: Uint8Array): boolean {
    if (this.isFull || this.#bytes + payload.length > this.#bytesMax) {
      this.refused++;
      return false;
    }
    this.#records.push(payload);
    this.#bytes += payload.length;
    return true;
  }

  /**
   * Compresses and writes the file; it appears whole or not at all.
   * @returns its size in bytes.
   * @throws {OperatingError} SOURCE_UNREADABLE when the file cannot be written.
   */
  async close(): Promise<number> {
    const file = await encodeTrace({ header: this.#header, records: this.#records });
    const partial = `${this.#path}.partial`;
    try {
      await writeFile(partial, file);
      await rename(partial, this.#path);
    } catch (cause) {
      throw new OperatingError("SOURCE_UNREADABLE", `the trace ${this.#path} cannot be written`, { cause });
    }
    return file.length;
  }
}
