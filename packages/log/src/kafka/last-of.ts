import type { LogRecord } from "../port.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { Keyed, KeyIndex } from "./key-index.ts";
import { keyOf, offsetOf, positionOf, recordOf } from "./records.ts";
import { type FetchedMessage, fetchMessages, type Place } from "./requests.ts";
import { unavailable } from "./translate.ts";

/** Positions looked through at first, then as many as hold about {@link CHUNK_BYTES}. */
const CHUNK_FIRST = 64;
const CHUNK_MAX = 4_096;
const CHUNK_BYTES = 2 * 2 ** 20;

/** What is searched: a part of a partition that the index may know in part. */
export interface Search {
  readonly cluster: KafkaCluster;
  readonly place: Place;
  readonly index: KeyIndex;
  /** Positions of the oldest and the newest message. */
  readonly first: number;
  readonly last: number;
  /** What this does, for people. */
  readonly doing: string;
}

interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly keys: readonly Keyed[];
}

/**
 * The newest record of a key. Kafka has no such question: the partition is read from its end, chunk by chunk, as far as
 * the index does not know it. Cost: what was appended since the key was last seen; the whole partition, once, for a key
 * that it does not have.
 */
export async function findLast(search: Search, key: string): Promise<LogRecord | null> {
  const { index, first, last } = search;
  /** What lies behind the index: it can be learned when it is read up to there. */
  const behind: Chunk[] = [];
  let found: LogRecord | null = null;
  let positions = CHUNK_FIRST;
  for (let end = last + 1; end > first && found === null; ) {
    if (end > index.start && end <= index.end) {
      found = await recordAt(search, index.last(key));
      end = index.start;
      continue;
    }
    const floor = end > index.end ? Math.max(first, index.end) : first;
    const start = Math.max(floor, end - positions);
    const messages = await readRange(search, start, end);
    const newest = messages.findLast((message) => keyOf(message) === key);
    if (newest !== undefined) found = recordOf(newest, key);
    const keys = messages.map((message) => ({ position: positionOf(message.offset), key: keyOf(message) }));
    if (end > index.end) behind.unshift({ start, end, keys });
    else index.learn(start, end, keys);
    positions = positionsFor(messages);
    end = start;
  }
  if (index.end === 0 || behind[0]?.start === index.end) {
    for (const { start, end, keys } of behind) index.learn(start, end, keys);
  }
  return found;
}

async function recordAt(search: Search, position: number | null): Promise<LogRecord | null> {
  if (position === null || position < search.first) return null;
  const [message] = await readRange(search, position, position + 1);
  return message === undefined ? null : recordOf(message, keyOf(message));
}

/** Messages from position `start` up to `end`, which must be there. */
async function readRange(search: Search, start: number, end: number): Promise<FetchedMessage[]> {
  const { cluster, place, doing } = search;
  return await cluster.withLeader(place, doing, async (connection) => {
    const messages: FetchedMessage[] = [];
    for (let next = start; next < end; ) {
      const range = { offset: offsetOf(next), bytesMax: CHUNK_BYTES, waitMs: 0 };
      const fetched = await fetchMessages(connection, place, range);
      const newest = fetched.at(-1);
      if (newest === undefined || positionOf(newest.offset) < next)
        throw unavailable(`${doing}: the log changed meanwhile`);
      for (const message of fetched) {
        const position = positionOf(message.offset);
        if (position >= next && position < end && !message.isControlRecord) messages.push(message);
      }
      next = positionOf(newest.offset) + 1;
    }
    return messages;
  });
}

function positionsFor(messages: readonly FetchedMessage[]): number {
  const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0) + 1, 1);
  return Math.min(CHUNK_MAX, Math.max(CHUNK_FIRST, Math.floor((CHUNK_BYTES * messages.length) / bytes)));
}
