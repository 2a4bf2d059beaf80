import { controlKey, controlRecord } from "@farmscope/domain";
import { ControlRecordSchema, toBinary } from "@farmscope/proto";
import type { Effect } from "./effects.ts";

export interface DeclaredGap {
  readonly node: string;
  readonly boot: string;
  readonly start: number;
  /** First sequence number that is declared lost. */
  readonly from: number;
  readonly count: number;
  /** Append time of the record that decided, Unix milliseconds. */
  readonly atMs: number;
}

/** Asks the node's emitter for a full observation: events are lost, so the rebuilt memory may be wrong. */
export function observeAfterGap(gap: DeclaredGap): Effect {
  const id = `observe/${gap.node}/${gap.boot}/${gap.start}/${gap.from}`;
  const reason = `${gap.count} batches from ${gap.from} on were lost`;
  const origin = { id, atMs: gap.atMs, by: "aggregator" };
  const record = controlRecord(origin, { case: "observe", value: { node: gap.node, reason } });
  const payload = toBinary(ControlRecordSchema, record);
  return { stream: { kind: "control" }, key: controlKey(record)!, id, payload };
}
