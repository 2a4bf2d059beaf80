import type { Observable } from "rxjs";
import type { PartitionState } from "./partition-state.ts";
import { type CommitPolicy, commit } from "./stages/commit.ts";
import { decode } from "./stages/decode.ts";
import { dedupe } from "./stages/dedupe.ts";
import { fold } from "./stages/fold.ts";
import { type PullPorts, read } from "./stages/read.ts";
import { window } from "./stages/window.ts";

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
