import { WINDOW_KEEP_MS, type WidthMs, type WindowRecord } from "@farmscope/domain";
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
    for (const closed of state.windows.tick(record.position, nodes, state.namedQuantiles)) write(state, closed);
    noticeSilence(state, nodes);
  }
  counter.out++;
}

function write(state: PartitionState, { partial, nodes }: WindowRecord): void {
  const { partition, keys } = state.settings;
  const startMs = Number(partial.startMs);
  const widthMs = partial.widthMs as WidthMs;
  const stream = { kind: "view", widthMs } as const;
  for (const { id, payload } of encodePartial(partial, state.settings.messageBytesMax)) {
    state.pending.emit({ stream, key: `partial/${partition}`, id, payload });
  }
  const keepFromMs = state.windows.openFromMs - WINDOW_KEEP_MS[widthMs];
  for (const { node, bytes } of nodes) {
    state.pending.write({ series: keys.nodeWindows(partition, widthMs, node), startMs, value: bytes, keepFromMs });
  }
}

function noticeSilence(state: PartitionState, nodes: readonly PartitionNode[]): void {
  for (const node of nodes) {
    if (node.online === state.windows.isOnline(node.lastAppendMs)) continue;
    node.online = !node.online;
    state.pending.change(node);
  }
}
