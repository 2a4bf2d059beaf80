import { invariant, OperatingError } from "@farmscope/runtime";
import type { AppendOptions, StreamName } from "./port.ts";

/** Greatest length of a key and of an append id, in characters. */
export const NAME_LENGTH_MAX = 256;

/** Largest message that a broker takes by default, in bytes. */
export const BROKER_MESSAGE_BYTES = 2 ** 20;

/** What the headers and the encoded key and id may take of a broker's message, in bytes. */
export const ENVELOPE_BYTES_MAX = 4_096;

/** Largest payload where nothing is known of the broker, in bytes. */
export const PAYLOAD_BYTES_DEFAULT = BROKER_MESSAGE_BYTES - ENVELOPE_BYTES_MAX;

/**
 * Checks what is asked to be appended, alike in every adapter.
 * @throws {OperatingError} LOG_MESSAGE_TOO_LARGE, ABORTED.
 */
export function checkAppend(key: string, payload: Uint8Array, bytesMax: number, options: AppendOptions): void {
  invariant(key.length <= NAME_LENGTH_MAX, `a key has at most ${NAME_LENGTH_MAX} characters`);
  invariant((options.id ?? "").length <= NAME_LENGTH_MAX, `an append id has at most ${NAME_LENGTH_MAX} characters`);
  if (options.signal?.aborted) throw new OperatingError("ABORTED", "the append was cancelled");
  if (payload.length <= bytesMax) return;
  throw new OperatingError("LOG_MESSAGE_TOO_LARGE", `${payload.length} bytes exceed the log's limit of ${bytesMax}`);
}

/** Programmer's error: a partition that the installation does not have. */
export function checkStream(stream: StreamName, partitions: number): void {
  if (!("partition" in stream)) return;
  const { partition } = stream;
  invariant(Number.isInteger(partition) && partition >= 0 && partition < partitions, `no partition ${partition}`);
}

/**
 * Where reading really starts.
 * @throws {OperatingError} LOG_TRUNCATED when `from` is no longer retained, or lies beyond the end (the log lost its
 *   tail), unless `allowTruncated`.
 */
export function startOf(from: number, first: number, last: number, allowTruncated: boolean): number {
  const wanted = Math.max(1, from);
  if (allowTruncated) return Math.min(Math.max(wanted, first), last + 1);
  if (wanted < first) {
    throw new OperatingError("LOG_TRUNCATED", `position ${wanted} is gone: the oldest retained is ${first}`);
  }
  if (wanted > last + 1) {
    throw new OperatingError("LOG_TRUNCATED", `position ${wanted} lies beyond the end ${last}: the log lost its tail`);
  }
  return wanted;
}
