import { indexOf } from "../keys.ts";
import type { Commit, Scope, SeriesWrite } from "../port.ts";

/** What EVALSHA takes: keys and arguments, in the order that the script of scripts.ts reads them. */
export interface ScriptArguments {
  readonly keys: string[];
  readonly values: (string | Buffer)[];
}

export interface CommitContext {
  readonly ownerKey: string;
  readonly token: string;
  readonly channel: string;
  readonly scope: Scope;
}

/** Lays a commit out for the COMMIT script. Values are not copied, except those of series. */
export function commitArguments(commit: Commit, context: CommitContext): ScriptArguments {
  const removed = commit.deletes.map(indexOf).filter((place) => place !== null);
  const added = commit.puts.map((put) => indexOf(put.key)).filter((place) => place !== null);
  const counts = [commit.deletes, commit.puts, commit.series, removed, added].map((writes) => String(writes.length));
  const keys = [
    context.ownerKey,
    ...commit.deletes,
    ...commit.puts.map((put) => put.key),
    ...commit.series.map((write) => write.series),
    ...removed.map((place) => place.index),
    ...added.map((place) => place.index),
  ];
  const values = [
    commit.incarnation,
    String(commit.epoch),
    context.token,
    String(commit.previousPosition),
    String(commit.position),
    commit.recordId,
    context.channel,
    `${context.scope} ${commit.position}`,
    ...counts,
    ...commit.puts.flatMap((put) => [bufferOf(put.value), ttlText(put.ttlMs)]),
    ...commit.series.flatMap((write) => [String(write.startMs), seriesMember(write), `(${write.keepFromMs}`]),
    ...removed.map((place) => place.member),
    ...added.map((place) => place.member),
  ];
  return { keys, values };
}

/** A time to live for SET PX: whole milliseconds, at least 1; "" for none. */
function ttlText(ttlMs: number | undefined): string {
  return ttlMs === undefined ? "" : String(Math.max(1, Math.ceil(ttlMs)));
}

function seriesMember(write: SeriesWrite): Buffer {
  return Buffer.concat([Buffer.from(`${write.startMs}:`), write.value]);
}

/** The start and value of a series entry as it stands in the sorted set. */
export function parseSeriesMember(member: Buffer): { readonly startMs: number; readonly value: Uint8Array } {
  const colon = member.indexOf(0x3a);
  return { startMs: Number(member.toString("latin1", 0, colon)), value: bytesOf(member.subarray(colon + 1)) };
}

/** A Buffer over the same bytes. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes as a plain Uint8Array of their own: a Buffer may be a view into the client's receive buffer. */
export function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}
