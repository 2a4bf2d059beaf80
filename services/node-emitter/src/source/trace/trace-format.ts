/**
 * A recorded trace: what an emitter published, in a file of its own.
 *
 *   0        8         12        44
 *   +--------+---------+---------+------------------------------------------------+
 *   | magic  | version | sha256  | body: zstd( header, record, record, ... )      |
 *   +--------+---------+---------+------------------------------------------------+
 *     ASCII    uint32 LE  of the compressed body
 *
 *   header, record   varint length, then so many bytes: the header is JSON, a record an EventRecord as it was published
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { VarintReader, VarintWriter, WireFormatError } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";

const MAGIC = Buffer.from("FSTRACE\n", "latin1");
const VERSION = 1;
const SHA256_BYTES = 32;
const PRELUDE_BYTES = MAGIC.length + 4 + SHA256_BYTES;
/** zstd's slowest level that needs no long window: a trace is written once and kept. */
const COMPRESSION_LEVEL = 19;
/** Most bytes of a trace once decompressed. */
export const TRACE_BYTES_MAX = 512 * 2 ** 20;

/** What a trace says of itself. */
export interface TraceHeader {
  readonly node: string;
  readonly recordedAtMs: number;
  /** Free words of who recorded it: kernel, workload. */
  readonly comment: string;
}

export interface Trace {
  readonly header: TraceHeader;
  /** EventRecords, encoded, in the order of publishing. */
  readonly records: readonly Uint8Array[];
}

/** Encodes and compresses a trace; off the event loop's thread. */
export async function encodeTrace(trace: Trace): Promise<Uint8Array> {
  const parts = [Buffer.from(JSON.stringify(trace.header)), ...trace.records];
  const delimited = Buffer.concat(parts.flatMap((part) => [lengthPrefix(part.length), part]));
  const body = await promisify(zstdCompress)(delimited, {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
  });
  const version = Buffer.alloc(4);
  version.writeUInt32LE(VERSION);
  return Buffer.concat([MAGIC, version, sha256(body), body]);
}

/** Decompresses and checks a trace. @throws {OperatingError} TRACE_CORRUPT, saying what is wrong. */
export async function decodeTrace(file: Uint8Array): Promise<Trace> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < PRELUDE_BYTES) throw corrupt("it is cut short");
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt("it is not a Farmscope trace");
  const version = bytes.readUInt32LE(MAGIC.length);
  if (version !== VERSION) throw corrupt(`its version is ${version}, this software reads ${VERSION}`);
  const body = bytes.subarray(PRELUDE_BYTES);
  if (!sha256(body).equals(bytes.subarray(MAGIC.length + 4, PRELUDE_BYTES))) throw corrupt("its checksum is wrong");
  return parseBody(await decompressed(body));
}

export function corrupt(reason: string, cause?: unknown): OperatingError {
  return new OperatingError("TRACE_CORRUPT", `the trace cannot be read: ${reason}`, {
    cause,
    remedy: "record it again with `farmscope record`",
  });
}

async function decompressed(body: Uint8Array): Promise<Uint8Array> {
  try {
    return await promisify(zstdDecompress)(body, { maxOutputLength: TRACE_BYTES_MAX });
  } catch (cause) {
    throw corrupt("its body is not zstd, or larger than may be", cause);
  }
}

function parseBody(bytes: Uint8Array): Trace {
  const [header, ...records] = delimitedParts(bytes);
  if (header === undefined) throw corrupt("it has no header");
  return { header: parseHeader(header), records };
}

function delimitedParts(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const reader = new VarintReader(bytes);
  try {
    while (reader.left > 0) {
      const length = reader.varint32();
      if (length > reader.left) throw corrupt("a record is cut short");
      parts.push(bytes.subarray(reader.at, reader.at + length));
      reader.at += length;
    }
  } catch (cause) {
    if (cause instanceof WireFormatError) throw corrupt("a length is malformed", cause);
    throw cause;
  }
  return parts;
}

function parseHeader(bytes: Uint8Array): TraceHeader {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw corrupt("its header is not JSON", cause);
  }
  const { node, recordedAtMs, comment } = (parsed ?? {}) as Partial<TraceHeader>;
  if (typeof node !== "string" || node === "" || typeof recordedAtMs !== "number")
    throw corrupt("its header is incomplete");
  return { node, recordedAtMs, comment: typeof comment === "string" ? comment : "" };
}

function lengthPrefix(length: number): Uint8Array {
  const writer = new VarintWriter(8);
  writer.varint32(length);
  return writer.finish();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
