/** What the emitter's tests share. */
import { decodePageColumns, decodeRunqColumns, PageColumns, PageFold, RunqColumns } from "@farmscope/domain";
import type { AppendOptions, EventLog, LogReader, LogRecord, ReadOptions, StreamName } from "@farmscope/log";
import { MemoryLog } from "@farmscope/log";
import { type Batch, create, EventRecordSchema, fromBinary, type NodeFacts, NodeFactsSchema } from "@farmscope/proto";
import { type Clock, createLogger, ManualClock, OperatingError } from "@farmscope/runtime";
import type { EventSource, SourceNode } from "./source/port.ts";
import type { BatchOutlet } from "./stages/batcher.ts";
import type { EncodedBatch } from "./stages/spool.ts";

export const SILENT = createLogger("test", "silent");

export function testNode(id = "node-a"): SourceNode {
  return { id, boot: "boot-1", start: 1000, clock: () => ({ realtimeOffsetUs: 5, errorUs: 1 }) };
}

export function testFacts(hostname = "host"): NodeFacts {
  return create(NodeFactsSchema, { hostname, maxOrder: 10, pageSizeBytes: 4096 });
}

/** Page events with rising frames and ticks, from `first` on. */
export function pageColumns(count: number, first = 0): PageColumns {
  const columns = new PageColumns(Math.max(1, count));
  columns.length = count;
  for (let index = 0; index < count; index++) {
    columns.pfn[index] = first + index;
    columns.tick[index] = 1_000_000 + first + index;
  }
  return columns;
}

export function runqColumns(count: number): RunqColumns {
  const columns = new RunqColumns(Math.max(1, count));
  columns.length = count;
  for (let index = 0; index < count; index++) {
    columns.tick[index] = 2_000_000 + index;
    columns.delayNs[index] = 1000 * index;
  }
  return columns;
}

export function decodeBatch(payload: Uint8Array): Batch {
  const { body } = fromBinary(EventRecordSchema, payload);
  if (body.case !== "batch") throw new Error("not a batch");
  return body.value;
}

/** Takes batches and keeps them decoded; has room as long as `room` says so. */
export class CollectingOutlet implements BatchOutlet {
  room = true;
  readonly encoded: EncodedBatch[] = [];
  readonly batches: Batch[] = [];

  hasRoom(): boolean {
    return this.room;
  }

  accept(batch: EncodedBatch): void {
    this.encoded.push(batch);
    this.batches.push(decodeBatch(batch.payload));
  }
}

/** Page frame numbers of all page events in the batches, in order. */
export function pfnsOf(batches: readonly Batch[]): number[] {
  const columns = new PageColumns();
  return batches.flatMap(({ pages, clock }) => {
    if (pages === undefined) return [];
    decodePageColumns(pages.columns, pages.count, Number(clock?.baseTick), columns);
    return [...columns.pfn.subarray(0, columns.length)];
  });
}

/** Folds the page side of the batches. */
export function foldPages(batches: readonly Batch[]): PageFold {
  const fold = new PageFold();
  const columns = new PageColumns();
  for (const { facts, pages, observation, gauges, clock } of batches) {
    if (facts !== undefined) fold.setFacts(facts);
    if (pages !== undefined) {
      decodePageColumns(pages.columns, pages.count, Number(clock?.baseTick), columns);
      fold.applyEvents(columns);
    }
    if (observation !== undefined) fold.applyObservation(observation);
    if (gauges !== undefined) fold.applyGauges(gauges);
  }
  return fold;
}

/**
 * What the batches say, without how it was cut into batches and when: the same for a run and for the same run in two
 * halves.
 */
export function canonicalStream(batches: readonly Batch[]): string[] {
  const pages = new PageColumns();
  const runq = new RunqColumns();
  const items: string[] = [];
  for (const batch of batches) {
    const base = Number(batch.clock?.baseTick);
    if (batch.pages !== undefined) {
      decodePageColumns(batch.pages.columns, batch.pages.count, base, pages);
      for (let at = 0; at < pages.length; at++) {
        const { tick, pfn, pid, cgroup, kind, order, migrateType } = pages;
        items.push(`page ${[tick, pfn, pid, cgroup, kind, order, migrateType].map((column) => column[at]).join(" ")}`);
      }
    }
    if (batch.runq !== undefined) {
      decodeRunqColumns(batch.runq.columns, batch.runq.count, base, runq);
      for (let at = 0; at < runq.length; at++) items.push(`runq ${runq.tick[at]} ${runq.delayNs[at]} ${runq.pid[at]}`);
    }
    for (const pause of batch.gcPauses) items.push(`gc ${base + Number(pause.endTickOffset)} ${pause.durationNs}`);
    for (const delta of batch.histograms) items.push(`histogram ${delta.cgroup} ${delta.toTick} ${hex(delta.slots)}`);
    for (const chunk of batch.observation?.chunks ?? [])
      items.push(`chunk ${chunk.firstPfn} ${chunk.tick} ${hex(chunk.runs)}`);
  }
  return items.sort();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A log in memory whose appends can be made to fail or to wait. */
export class UnreliableLog implements EventLog {
  readonly messageBytesMax: number;
  /** Ids in the order of their attempts. */
  readonly attempts: string[] = [];
  /** Attempts that fail before one succeeds; counts down. */
  failures = 0;
  /** When set, appends wait for it. */
  gate: Promise<void> | undefined;
  readonly inner: MemoryLog;
  #readError: OperatingError | undefined;

  constructor(clock: Clock, messageBytesMax?: number) {
    this.inner = new MemoryLog({ clock, ...(messageBytesMax === undefined ? {} : { messageBytesMax }) });
    this.messageBytesMax = this.inner.messageBytesMax;
  }

  async append(stream: StreamName, key: string, payload: Uint8Array, options: AppendOptions = {}): Promise<number> {
    this.attempts.push(options.id ?? "");
    if (this.failures > 0) {
      this.failures--;
      throw new OperatingError("LOG_UNAVAILABLE", "away", { retriable: true });
    }
    await this.gate;
    return this.inner.append(stream, key, payload, options);
  }

  ensureStreams = (): Promise<void> => this.inner.ensureStreams();

  async read(stream: StreamName, options: ReadOptions): Promise<LogReader> {
    const reader = await this.inner.read(stream, options);
    return { next: (recordsMax, waitMs) => this.#next(reader, recordsMax, waitMs), close: () => reader.close() };
  }

  /** Lets the next read fail. */
  failReads(error: OperatingError): void {
    this.#readError = error;
  }

  async #next(reader: LogReader, recordsMax: number, waitMs: number): Promise<LogRecord[]> {
    const error = this.#readError;
    this.#readError = undefined;
    if (error !== undefined) throw error;
    return reader.next(recordsMax, waitMs);
  }

  positions: EventLog["positions"] = (stream) => this.inner.positions(stream);
  lastOf: EventLog["lastOf"] = (stream, key) => this.inner.lastOf(stream, key);
  describe: EventLog["describe"] = () => this.inner.describe();
  close = (): Promise<void> => this.inner.close();
}

/** Every record of one event partition. */
export async function recordsOf(log: EventLog, partition: number): Promise<LogRecord[]> {
  const stream = { kind: "event", partition } as const;
  const { messages } = await log.positions(stream);
  if (messages === 0) return [];
  const reader = await log.read(stream, { from: 1 });
  const records: LogRecord[] = [];
  while (records.length < messages) records.push(...(await reader.next(messages, 1_000)));
  await reader.close();
  return records;
}

/** Polls a finite source until it has given everything. */
export function pollToEnd(source: EventSource, clock: ManualClock = new ManualClock()): void {
  while (!source.finished) source.poll(clock.monotonicMs());
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
