import type { PartitionState } from "@farmscope/history";
import { type CommitPolicy, commit } from "@farmscope/history/stages/commit.ts";
import { decode } from "@farmscope/history/stages/decode.ts";
import { dedupe } from "@farmscope/history/stages/dedupe.ts";
import { fold } from "@farmscope/history/stages/fold.ts";
import { type PullPorts, read } from "@farmscope/history/stages/read.ts";
import { window } from "@farmscope/history/stages/window.ts";
import type { Observable } from "rxjs";

/**
 * One pull through the aggregator: from a partition of the log to committed views. RxJS has no back-pressure, so this is
 * one pull long and is subscribed to again and again: the next pull begins when this one is committed.
 */
export function pipeline(state: PartitionState, pull: PullPorts, policy: CommitPolicy): Observable<never> {
  return read(pull, state.counters.read).pipe(
    decode(state),
    dedupe(state),
    fold(state),
    window(state),
    commit(policy, state.counters.commit),
  );
}
