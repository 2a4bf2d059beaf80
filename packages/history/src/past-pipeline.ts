import type { Observable } from "rxjs";
import type { PartitionState } from "./partition-state.ts";
import { type CommitPolicy, commit } from "./stages/commit.ts";
import { decode } from "./stages/decode.ts";
import { dedupe } from "./stages/dedupe.ts";
import { fold } from "./stages/fold.ts";
import { type PullPorts, read } from "./stages/read.ts";
import { window } from "./stages/window.ts";

/**
 * One pull of a past range through the stages of the aggregator's pipeline.ts. What differs is who reads and what
 * becomes of a commit; rebuild holds both against each other, byte for byte.
 */
export function pastPipeline(state: PartitionState, pull: PullPorts, policy: CommitPolicy): Observable<never> {
  return read(pull, state.counters.read).pipe(
    decode(state),
    dedupe(state),
    fold(state),
    window(state),
    commit(policy, state.counters.commit),
  );
}
