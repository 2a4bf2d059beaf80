import { FOLD_VERSION } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { fromBinary, type PartialWindow, ViewRecordSchema } from "@farmscope/proto";
import { map, type OperatorFunction } from "rxjs";
import type { MergeState } from "../merge-state.ts";

export interface DecodedView {
  readonly record: LogRecord;
  /** Null for farms' records, and for what is no view record of this fold. */
  readonly partial: PartialWindow | null;
}

/** Picks the partial windows out of fs.view. */
export function decodeView(state: MergeState): OperatorFunction<LogRecord, DecodedView> {
  const counter = state.counters.decode;
  return map((record) => {
    counter.in++;
    const view = viewOf(record.payload);
    const partial = view?.body.case === "partial" ? view.body.value : null;
    state.pending.enter(record.position, view?.id ?? "");
    if (partial === null) counter.dropped++;
    else counter.out++;
    return { record, partial };
  });
}

/** What a record of fs.view is recognised by; "" when it is no view record of this fold. */
export function viewIdOf({ payload }: LogRecord): string {
  return viewOf(payload)?.id ?? "";
}

function viewOf(payload: Uint8Array) {
  try {
    const view = fromBinary(ViewRecordSchema, payload);
    return view.foldVersion === FOLD_VERSION ? view : null;
  } catch {
    return null;
  }
}
