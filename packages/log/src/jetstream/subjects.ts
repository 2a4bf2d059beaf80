import { createHash } from "node:crypto";
import { decodeToken, encodeToken } from "@farmscope/domain";
import { type StreamName, streamLabel } from "../port.ts";

/**
 * Subjects: `<namespace>.ev.<partition>.<key>`, `<namespace>.ckpt.<partition>.<key>`, `<namespace>.view.<key>` and so
 * on, the key encoded as one token. A key
 * whose token would be long is replaced by its hash, and travels in the header {@link KEY_HEADER}.
 */

export const KEY_HEADER = "Farmscope-Key";

/** Longest token of a key that stands in a subject as it is, in characters. */
const TOKEN_LENGTH_MAX = 160;

/** Marks a hash; no encoded text starts like this. */
const HASH_MARK = "=h";

export interface KeyPlace {
  readonly subject: string;
  /** Value of {@link KEY_HEADER}, or null when the subject says it all. */
  readonly header: string | null;
}

/** The subject pattern of all messages of a stream. */
export function streamSubject(namespace: string, stream: StreamName): string {
  return `${subjectPrefix(namespace, stream)}.*`;
}

/** Where messages with this key stand. */
export function placeOf(namespace: string, stream: StreamName, key: string): KeyPlace {
  const token = encodeToken(key);
  const prefix = subjectPrefix(namespace, stream);
  if (token.length <= TOKEN_LENGTH_MAX) return { subject: `${prefix}.${token}`, header: null };
  const hash = createHash("sha256").update(token).digest("hex");
  return { subject: `${prefix}.${HASH_MARK}${hash}`, header: token };
}

/**
 * The key of a message, from its subject.
 * @param header gives the value of its {@link KEY_HEADER}, if any; asked only where the subject does not say it all.
 */
export function keyOf(subject: string, header: () => string | undefined): string {
  const token = subject.slice(subject.lastIndexOf(".") + 1);
  return decodeToken(token.startsWith(HASH_MARK) ? header() || token : token);
}

function subjectPrefix(namespace: string, stream: StreamName): string {
  if ("partition" in stream) return `${namespace}.${stream.kind === "event" ? "ev" : "ckpt"}.${stream.partition}`;
  return `${namespace}.${streamLabel(stream)}`;
}
