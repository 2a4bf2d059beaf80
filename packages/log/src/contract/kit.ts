import assert from "node:assert/strict";
import { SystemClock } from "@farmscope/runtime";
import type { EventLog, LogReader, LogRecord, ReadOptions, StreamName } from "../port.ts";

export interface LogSettings {
  readonly partitions?: number;
  readonly bytesMax?: number;
}

/** Where the port leaves brokers their own way. */
export interface Habits {
  /** Whether the broker drops a second append of an id; else only readers do. */
  readonly dropsRepeated: boolean;
  /** Bytes that a partition is held to in the tests of retention: the least that the broker can do. */
  readonly partitionBytesMax: number;
  /** Longest time until what is too much is gone, in milliseconds. */
  readonly retentionMsMax: number;
}

export const USUAL_HABITS: Habits = { dropsRepeated: true, partitionBytesMax: 2 ** 20, retentionMsMax: 0 };

/** Registers one test, which gets a log of its own. */
export type On = (title: string, work: (log: EventLog) => Promise<void>, settings?: LogSettings) => void;

export const clock = new SystemClock();
export const VIEW: StreamName = { kind: "view" };
export const EVENTS: StreamName = { kind: "event", partition: 1 };

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(payload: Uint8Array | undefined): string {
  return new TextDecoder().decode(payload);
}

/** "position key payload" of each. */
export function shape(records: readonly LogRecord[]): string[] {
  return records.map(({ position, key, payload }) => `${position} ${key} ${text(payload)}`);
}

/** Everything that the stream holds now. */
export async function all(log: EventLog, stream: StreamName): Promise<LogRecord[]> {
  const { first, messages } = await log.positions(stream);
  return await readAtLeast(log, stream, { from: first }, messages);
}

export async function readAtLeast(
  log: EventLog,
  stream: StreamName,
  options: ReadOptions,
  count: number,
): Promise<LogRecord[]> {
  const reader: LogReader = await log.read(stream, options);
  const records: LogRecord[] = [];
  while (records.length < count) {
    const more = await reader.next(1_000, 10_000);
    assert.ok(more.length > 0, `only ${records.length} of ${count} records came`);
    records.push(...more);
  }
  await reader.close();
  return records;
}
