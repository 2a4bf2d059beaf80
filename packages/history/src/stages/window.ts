import { partialId, WINDOW_KEEP_MS, WINDOW_MS, type WindowRecord } from "@farmscope/domain";
import { type OperatorFunction, tap } from "rxjs";
import { encodePartial } from "../partial-record.ts";
import type { PartitionNode, PartitionState } from "../partition-state.ts";
import type { Folded } from "./fold.ts";

/** Closes and amends windows, and notices nodes that fell silent. Only ticks do that. */
export function window(state: PartitionState): OperatorFunction<Folded, Folded> {
  return tap((folded) => windowOne(state, folded));
}

export function windowOne(state: PartitionState, { record, isTick }: Folded): void {
  const counter = state.counters.window;
  counter.in++;
  if (isTick) {
    const nodes = state.nodesBefore(record.position);
    for (const closed of state.windows.tick(record.position, nodes)) write(state, closed);
    noticeSilence(state, nodes);
  }
  counter.out++;
}

function write(state: PartitionState, { partial, nodes }: WindowRecord): void {
  const { partition, keys } = state.settings;
  const startMs = Number(partial.startMs);
  const id = partialId(partition, startMs, partial.revision);
  const payload = encodePartial(id, partial, state.settings.messageBytesMax);
  state.pending.emit({ stream: { kind: "view" }, key: `partial/${partition}`, id, payload });
  for (const { node, bytes } of nodes) {
    const series = keys.nodeWindows(partition, WINDOW_MS, node);
    state.pending.write({ series, startMs, value: bytes, keepFromMs: state.windows.openFromMs - WINDOW_KEEP_MS });
  }
}

function noticeSilence(state: PartitionState, nodes: readonly PartitionNode[]): void {
  for (const node of nodes) {
    if (node.online === state.windows.isOnline(node.lastAppendMs)) continue;
    node.online = !node.online;
    state.pending.change(node);
  }
}
