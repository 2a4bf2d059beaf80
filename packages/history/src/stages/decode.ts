import {
  type BatchFault,
  contentFault,
  ENVELOPE_VERSION,
  identityFault,
  malformed,
  partitionFault,
  WireFormatError,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { type Batch, DeadLetterReason, EventRecordSchema, fromBinary, type Tick } from "@farmscope/proto";
import { messageOf } from "@farmscope/runtime";
import { map, type OperatorFunction } from "rxjs";
import type { OrderedBatch, PartitionState } from "../partition-state.ts";

/** What a record turned out to be. */
export type Decoded = { readonly record: LogRecord; readonly recordId: string } & (
  | { readonly kind: "tick"; readonly quantiles: readonly number[] }
  /** `fault`: the batch says who it is, but it cannot be folded. */
  | { readonly kind: "batch"; readonly batch: Batch; readonly fault: BatchFault | null }
  | { readonly kind: "dead"; readonly fault: BatchFault }
);

/** Turns bytes into ticks and batches. What is neither is put aside; the fold goes on. */
export function decode(state: PartitionState): OperatorFunction<LogRecord, Decoded> {
  return map((record) => decodeOne(state, record));
}

export function decodeOne(state: PartitionState, record: LogRecord): Decoded {
  const counter = state.counters.decode;
  counter.in++;
  const decoded = decodeRecord(record, state);
  state.enter(record, decoded.recordId);
  if (decoded.kind === "dead") {
    counter.dropped++;
    state.bury(record, decoded.fault);
  } else {
    counter.out++;
    if (decoded.kind === "tick") state.namedQuantiles = decoded.quantiles;
  }
  return decoded;
}

function decodeRecord(record: LogRecord, { settings }: PartitionState): Decoded {
  const body = envelopeOf(record.payload);
  if ("reason" in body) return dead(record, body);
  if (body.$typeName === "farmscope.event.v1.Tick") {
    return { kind: "tick", record, recordId: tickId(record, body), quantiles: body.quantiles };
  }
  const fault = identityFault(body) ?? partitionFault(body.identity!.node, settings.partition, settings.partitions);
  if (fault !== null) return dead(record, fault);
  return { kind: "batch", record, recordId: batchId(body), batch: body, fault: contentFault(body) };
}

/** What a record is recognised by, apart from its position. */
export function recordIdOf(record: LogRecord): string {
  const body = envelopeOf(record.payload);
  if ("reason" in body) return deadId(record);
  if (body.$typeName === "farmscope.event.v1.Tick") return tickId(record, body);
  return identityFault(body) === null ? batchId(body) : deadId(record);
}

/**
 * A batch that was held, from its record.
 * @throws {WireFormatError} malformed, when the record is no batch.
 */
export function orderedBatchOf(record: LogRecord): OrderedBatch {
  const body = envelopeOf(record.payload);
  if ("reason" in body || body.$typeName !== "farmscope.event.v1.Batch") {
    throw new WireFormatError("malformed", "what was held is no batch");
  }
  return { record, batch: body, fault: contentFault(body) };
}

function tickId({ appendedAtMs }: LogRecord, { owner, epoch }: Tick): string {
  return `tick/${owner}/${epoch}/${appendedAtMs}`;
}

function batchId({ identity }: Batch): string {
  const { node, boot, start, seq } = identity!;
  return `${node}/${boot}/${start}/${seq}`;
}

function deadId({ position }: LogRecord): string {
  return `dead/${position}`;
}

function envelopeOf(payload: Uint8Array): Batch | Tick | BatchFault {
  try {
    const { version, body } = fromBinary(EventRecordSchema, payload);
    if (version !== ENVELOPE_VERSION) {
      return { reason: DeadLetterReason.UNKNOWN_VERSION, detail: `envelope version ${version}` };
    }
    return body.value ?? malformed("neither batch nor tick");
  } catch (error) {
    return malformed(messageOf(error));
  }
}

function dead(record: LogRecord, fault: BatchFault): Decoded {
  return { kind: "dead", record, recordId: deadId(record), fault };
}
