import { type BatchFault, faultOf, type OrderStep, WireFormatError } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { map, type OperatorFunction } from "rxjs";
import { observeAfterGap } from "../control-writer.ts";
import type { OrderedBatch, PartitionNode, PartitionState } from "../partition-state.ts";
import type { NodeSteps, Ordered } from "./dedupe.ts";

export interface Folded {
  readonly record: LogRecord;
  readonly isTick: boolean;
}

/** Folds every batch whose turn has come into its node. */
export function fold(state: PartitionState): OperatorFunction<Ordered, Folded> {
  return map((ordered) => foldOne(state, ordered));
}

export function foldOne(state: PartitionState, { record, isTick, work }: Ordered): Folded {
  for (const item of work) foldNode(state, item, record);
  return { record, isTick };
}

function foldNode(state: PartitionState, { node, steps, read }: NodeSteps, record: LogRecord): void {
  for (const step of steps) foldStep(state, node, step, record);
  if (read !== null) node.fold.read(read, record.appendedAtMs);
  if (read !== null || steps.length > 0) state.pending.change(node);
}

function foldStep(state: PartitionState, node: PartitionNode, step: OrderStep<OrderedBatch>, by: LogRecord): void {
  switch (step.kind) {
    case "start":
      node.fold.begin(step.boot, step.start, step.firstSeq, step.resumes);
      return;
    case "gap": {
      const { boot, start } = node.fold;
      node.fold.batches.gaps += step.count;
      state.pending.emit(
        observeAfterGap({ node: node.node, boot, start, from: step.from, count: step.count, atMs: by.appendedAtMs }),
      );
      return;
    }
    case "duplicate":
      node.fold.batches.duplicates++;
      return;
    case "turn":
      foldBatch(state, node, step.item);
  }
}

function foldBatch(state: PartitionState, node: PartitionNode, item: OrderedBatch): void {
  const counter = state.counters.fold;
  counter.in++;
  const fault = item.fault ?? tryFold(state, node, item);
  if (fault === null) {
    counter.out++;
    return;
  }
  counter.dropped++;
  node.fold.bury(item.batch);
  state.bury(item.record, fault);
}

/** Unpacks everything before anything is folded: a batch is folded whole or not at all. */
function tryFold(state: PartitionState, node: PartitionNode, { record, batch }: OrderedBatch): BatchFault | null {
  const { position, appendedAtMs } = record;
  try {
    state.content.decode(batch);
    node.fold.fold(batch, state.content, { position, appendedAtMs, openFromMs: state.windows.openFromMs });
    return null;
  } catch (error) {
    if (error instanceof WireFormatError) return faultOf(error);
    throw error;
  }
}
