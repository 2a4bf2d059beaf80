import {
  decodePageColumns,
  decodeRunqColumns,
  type PageColumns,
  type RunqColumns,
  WireFormatError,
} from "@farmscope/domain";
import {
  type Batch,
  create,
  EventRecordSchema,
  fromBinary,
  type StreamCounters,
  StreamCountersSchema,
} from "@farmscope/proto";
import type { NodeSink } from "../port.ts";
import { corrupt } from "./trace-format.ts";

/** Decodes a record of a trace. @throws {OperatingError} TRACE_CORRUPT when it is no batch. */
export function decodeRecordedBatch(record: Uint8Array, index: number): Batch {
  try {
    const { version, body } = fromBinary(EventRecordSchema, record);
    if (version === 1 && body.case === "batch" && body.value.clock !== undefined) return body.value;
  } catch (cause) {
    throw corrupt(`record ${index} is malformed`, cause);
  }
  throw corrupt(`record ${index} is not a batch that this software knows`);
}

/** Raw events in a batch. */
export function eventsOf(batch: Batch): number {
  return (batch.pages?.count ?? 0) + (batch.runq?.count ?? 0) + batch.gcPauses.length;
}

/** Tick that stands for a batch in the pacing of a trace. */
export function baseTickOf(batch: Batch): number {
  return Number(batch.clock?.baseTick ?? 0n);
}

/** Space for the columns of one batch, reused. */
export interface ColumnSpace {
  readonly pages: PageColumns;
  readonly runq: RunqColumns;
}

/**
 * Pours a recorded batch into a sink, all its times moved by `shiftTicks`. Counters are not: they count this start.
 * @throws {OperatingError} TRACE_CORRUPT when packed columns are malformed.
 */
export function pourBatch(batch: Batch, shiftTicks: number, space: ColumnSpace, sink: NodeSink): void {
  const base = baseTickOf(batch) + shiftTicks;
  const shift = BigInt(shiftTicks);
  if (batch.facts !== undefined) sink.facts({ ...batch.facts, source: "trace" });
  for (const { id, path } of batch.cgroups) sink.cgroup(id, path);
  pourColumns(batch, base, space, sink);
  for (const pause of batch.gcPauses) {
    const endTick = base + Number(pause.endTickOffset);
    sink.gcPause({ ...pause, endTick, durationNs: Number(pause.durationNs) });
  }
  for (const delta of batch.histograms) {
    sink.histogram({ ...delta, fromTick: delta.fromTick + shift, toTick: delta.toTick + shift });
  }
  if (batch.observation !== undefined) {
    const chunks = batch.observation.chunks.map((chunk) => {
      return { ...chunk, tick: chunk.tick + shift, endTick: chunk.endTick + shift };
    });
    sink.observation({ ...batch.observation, chunks });
  }
  if (batch.gauges !== undefined) sink.gauges({ ...batch.gauges, tick: batch.gauges.tick + shift });
}

function pourColumns(batch: Batch, base: number, space: ColumnSpace, sink: NodeSink): void {
  try {
    if (batch.pages !== undefined) {
      decodePageColumns(batch.pages.columns, batch.pages.count, base, space.pages);
      sink.pages(space.pages);
    }
    if (batch.runq !== undefined) {
      decodeRunqColumns(batch.runq.columns, batch.runq.count, base, space.runq);
      sink.runq(space.runq);
    }
  } catch (cause) {
    if (cause instanceof WireFormatError) throw corrupt("packed columns are malformed", cause);
    throw cause;
  }
}

/** What was left out or lost while recording grew by this much from one batch to the next. */
export function addLosses(
  sum: StreamCounters,
  before: StreamCounters | undefined,
  after: StreamCounters | undefined,
): void {
  if (before === undefined || after === undefined) return;
  sum.sampledOut += after.sampledOut - before.sampledOut;
  sum.ringLost += after.ringLost - before.ringLost;
  sum.recovered += after.recovered - before.recovered;
  sum.recursionLost += after.recursionLost - before.recursionLost;
  sum.decodeLost += after.decodeLost - before.decodeLost + (after.spoolLost - before.spoolLost);
}

export function noCounters(): StreamCounters {
  return create(StreamCountersSchema);
}
