import type { BatchFault, BatchPlace, OrderStep } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { type Batch, DeadLetterReason } from "@farmscope/proto";
import { map, type OperatorFunction } from "rxjs";
import type { OrderedBatch, PartitionNode, PartitionState } from "../partition-state.ts";
import type { Decoded } from "./decode.ts";

/** What there is to be folded for one node, in order. */
export interface NodeSteps {
  readonly node: PartitionNode;
  readonly steps: readonly OrderStep<OrderedBatch>[];
  /** The batch that was just read, be it among the steps or held. */
  readonly read: Batch | null;
}

export interface Ordered {
  readonly record: LogRecord;
  readonly isTick: boolean;
  readonly work: readonly NodeSteps[];
}

/** Restores each node's order by sequence numbers and drops what was seen before. */
export function dedupe(state: PartitionState): OperatorFunction<Decoded, Ordered> {
  return map((decoded) => orderOne(state, decoded));
}

export function orderOne(state: PartitionState, decoded: Decoded): Ordered {
  const { record } = decoded;
  if (decoded.kind === "tick") return { record, isTick: true, work: passTime(state, record) };
  const work = decoded.kind === "batch" ? offer(state, record, decoded.batch, decoded.fault) : [];
  return { record, isTick: false, work };
}

function offer(state: PartitionState, record: LogRecord, batch: Batch, fault: BatchFault | null): NodeSteps[] {
  const id = batch.identity!.node;
  if (state.settings.nodes?.has(id) === false) return [];
  const node = state.node(id);
  if (node === null) {
    const detail = `the partition has ${state.nodes.size} nodes already`;
    state.bury(record, { reason: DeadLetterReason.OVER_LIMIT, detail });
    return [];
  }
  if (record.position <= node.foldedThrough) return [];
  state.counters.dedupe.in++;
  return [counted(state, node, node.order.offer(placeOf({ record, batch }), { record, batch, fault }), batch)];
}

/** Only ticks end the wait for a missing batch, so that no result depends on how much was read at once. */
function passTime(state: PartitionState, { position }: LogRecord): NodeSteps[] {
  return state
    .waitingBefore(position)
    .map((node) => counted(state, node, node.order.pass(state.windows.watermarkMs), null));
}

function counted(
  state: PartitionState,
  node: PartitionNode,
  steps: readonly OrderStep<OrderedBatch>[],
  read: Batch | null,
): NodeSteps {
  for (const { kind } of steps) {
    if (kind === "turn") state.counters.dedupe.out++;
    if (kind === "duplicate") state.counters.dedupe.dropped++;
  }
  if (node.order.held > 0) state.waiting.add(node);
  else state.waiting.delete(node);
  return { node, steps, read };
}

/** What decides where a batch stands among those of its node. */
export function placeOf({ record, batch }: Pick<OrderedBatch, "record" | "batch">): BatchPlace {
  const { boot, start, seq } = batch.identity!;
  const sourcePosition = Number(batch.sourcePosition);
  return { boot, start: Number(start), seq, appendedAtMs: record.appendedAtMs, sourcePosition };
}
