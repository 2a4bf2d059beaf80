import { FOLD_VERSION, farmId, WINDOW_KEEP_MS, WINDOW_MS, type WidthMs } from "@farmscope/domain";
import { create, type FarmWindow, FarmWindowSchema, toBinary, ViewRecordSchema } from "@farmscope/proto";
import { type OperatorFunction, tap } from "rxjs";
import type { MergeState } from "../merge-state.ts";
import type { DecodedView } from "./decode-view.ts";

/** Merges partial windows into farms' windows, which are written when they are due. */
export function merge(state: MergeState): OperatorFunction<DecodedView, DecodedView> {
  const counter = state.counters.merge;
  return tap(({ record, partial }) => {
    if (partial === null) return;
    counter.in++;
    for (const window of state.merge.apply(partial, record.appendedAtMs, record.position)) write(state, window);
    counter.out++;
  });
}

function write(state: MergeState, window: FarmWindow): void {
  const { partition, keys } = state.settings;
  const { farm, revision } = window;
  const startMs = Number(window.startMs);
  const widthMs = window.widthMs as WidthMs;
  const id = farmId(farm, startMs, revision, widthMs);
  const record = create(ViewRecordSchema, { foldVersion: FOLD_VERSION, id, body: { case: "farm", value: window } });
  const payload = toBinary(ViewRecordSchema, record);
  state.pending.emit({ stream: { kind: "view", widthMs }, key: `farm/${farm}`, id, payload });
  state.pending.write({
    series: keys.farmWindows(partition, widthMs, farm),
    startMs,
    value: toBinary(FarmWindowSchema, window),
    keepFromMs: startMs - WINDOW_KEEP_MS[widthMs],
  });
  if (widthMs !== WINDOW_MS) return;
  if ((state.latestStartMs.get(farm) ?? startMs) > startMs) return;
  state.latestStartMs.set(farm, startMs);
  state.latest.set(farm, window);
  state.pending.change(farm);
}
