import {
  type BatchFault,
  contentFault,
  ENVELOPE_VERSION,
  identityFault,
  malformed,
  partitionFault,
} from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { type Batch, DeadLetterReason, EventRecordSchema, fromBinary, type Tick } from "@farmscope/proto";
import { messageOf } from "@farmscope/runtime";
import { map, type OperatorFunction } from "rxjs";
import type { PartitionState } from "../partition-state.ts";

/** What a record turned out to be. */
export type Decoded = { readonly record: LogRecord; readonly recordId: string } & (
  | { readonly kind: "tick" }
  /** `fault`: the batch says who it is, but it cannot be folded. */
  | { readonly kind: "batch"; readonly batch: Batch; readonly fault: BatchFault | null }
  | { readonly kind: "dead"; readonly fault: BatchFault }
);

/** Turns bytes into ticks and batches. What is neither is put aside; the fold goes on. */
export function decode(state: PartitionState): OperatorFunction<LogRecord, Decoded> {
  const counter = state.counters.decode;
  return map((record) => {
    counter.in++;
    const decoded = decodeRecord(record, state);
    state.pending.enter(record.position, decoded.recordId);
    state.windows.pass(record.appendedAtMs);
    if (decoded.kind === "dead") {
      counter.dropped++;
      state.bury(record, decoded.fault);
    } else {
      counter.out++;
    }
    return decoded;
  });
}

function decodeRecord(record: LogRecord, { settings }: PartitionState): Decoded {
  const body = envelopeOf(record.payload);
  if ("reason" in body) return dead(record, body);
  if (body.$typeName === "farmscope.event.v1.Tick") {
    return { kind: "tick", record, recordId: `tick/${body.owner}/${body.epoch}/${record.appendedAtMs}` };
  }
  const fault = identityFault(body) ?? partitionFault(body.identity!.node, settings.partition, settings.partitions);
  if (fault !== null) return dead(record, fault);
  const { node, boot, start, seq } = body.identity!;
  return { kind: "batch", record, recordId: `${node}/${boot}/${start}/${seq}`, batch: body, fault: contentFault(body) };
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
  return { kind: "dead", record, recordId: `dead/${record.position}`, fault };
}
