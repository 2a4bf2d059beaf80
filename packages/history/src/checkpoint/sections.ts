import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { FOLD_VERSION } from "@farmscope/domain";
import {
  type CheckpointManifest,
  CheckpointManifestSchema,
  type CheckpointPart,
  CheckpointPartSchema,
  CheckpointRecordSchema,
  type CheckpointSection,
  create,
  fromBinary,
  toBinary,
} from "@farmscope/proto";
import { OperatingError } from "@farmscope/runtime";

/** Key of manifests in fs.ckpt; no node has it, since ids of nodes do not begin with a tilde. */
export const MANIFEST_KEY = "~manifest";
/** Key of manifests that name only some nodes, for questions about the past; nobody restarts from them. */
export const MOMENT_KEY = "~moment";
/** Bytes of a part besides its data, at most: the id of its node, mainly. */
const ENVELOPE_BYTES_MAX = 2_048;
const HASH_BYTES = 16;
/** Largest section, unpacked: the map of the largest node that a batch may describe, with a full journal. */
const SECTION_BYTES_MAX = 2 ** 29;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Maps shrink to a tenth at zstd's fastest level already. */
const FASTEST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What a section is in fs.ckpt: its messages, in order, and by what it is recognised when it is read back. */
export interface PackedSection {
  readonly payloads: readonly Uint8Array[];
  readonly sha256: Uint8Array;
}

/** Compresses a section of a node's state, off the main thread, and cuts it into messages. */
export async function packSection(
  node: string,
  section: CheckpointSection,
  state: Uint8Array,
  messageBytesMax: number,
): Promise<PackedSection> {
  const packed = await compress(state, FASTEST);
  const room = messageBytesMax - ENVELOPE_BYTES_MAX;
  const count = Math.max(1, Math.ceil(packed.length / room));
  const payloads = Array.from({ length: count }, (_, index) => {
    const data = packed.subarray(index * room, (index + 1) * room);
    return encodeRecord({ case: "part", value: create(CheckpointPartSchema, { node, section, index, count, data }) });
  });
  return { payloads, sha256: hashOf(packed) };
}

/**
 * Puts a section together again.
 * @param parts by index.
 * @throws {OperatingError} CHECKPOINT_UNREADABLE when it is not what was written.
 */
export async function unpackSection(parts: readonly CheckpointPart[], sha256: Uint8Array): Promise<Uint8Array> {
  const packed = Buffer.concat(parts.map(({ data }) => data));
  if (!hashOf(packed).equals(sha256)) throw unreadable("a section is not the one that was written");
  try {
    return await decompress(packed, { maxOutputLength: SECTION_BYTES_MAX });
  } catch (cause) {
    throw unreadable("a section is no zstd", cause);
  }
}

/** A manifest as a message. */
export async function packManifest(manifest: CheckpointManifest): Promise<Uint8Array> {
  const packed = await compress(toBinary(CheckpointManifestSchema, manifest), FASTEST);
  return encodeRecord({ case: "manifestZstd", value: packed });
}

/** What a message of fs.ckpt holds; null when it is of another fold version or none of ours. */
export async function readCheckpointRecord(payload: Uint8Array): Promise<CheckpointPart | CheckpointManifest | null> {
  try {
    const { foldVersion, body } = fromBinary(CheckpointRecordSchema, payload);
    if (foldVersion !== FOLD_VERSION) return null;
    if (body.case === "part") return body.value;
    if (body.case !== "manifestZstd") return null;
    const packed = await decompress(body.value, { maxOutputLength: SECTION_BYTES_MAX });
    return fromBinary(CheckpointManifestSchema, packed);
  } catch {
    return null;
  }
}

export function unreadable(message: string, cause?: unknown): OperatingError {
  return new OperatingError("CHECKPOINT_UNREADABLE", message, cause === undefined ? {} : { cause });
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, HASH_BYTES);
}

type Body =
  | { readonly case: "part"; readonly value: CheckpointPart }
  | { readonly case: "manifestZstd"; readonly value: Uint8Array };

function encodeRecord(body: Body): Uint8Array {
  return toBinary(CheckpointRecordSchema, create(CheckpointRecordSchema, { foldVersion: FOLD_VERSION, body }));
}
