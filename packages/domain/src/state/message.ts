import { type DescMessage, fromBinary, type MessageShape } from "@farmscope/proto";
import { WireFormatError } from "../wire/wire-format-error.ts";
import type { StateReader } from "./state-reader.ts";

/** Reads a message that stands in a state as bytes. @throws {WireFormatError} malformed. */
export function decodeMessage<Schema extends DescMessage>(schema: Schema, from: StateReader): MessageShape<Schema> {
  const bytes = from.bytes();
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw new WireFormatError("malformed", `no ${schema.typeName}`);
  }
}
