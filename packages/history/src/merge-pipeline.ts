import type { Observable } from "rxjs";
import type { MergeState } from "./merge-state.ts";
import { type CommitPolicy, commit } from "./stages/commit.ts";
import { decodeView } from "./stages/decode-view.ts";
import { merge } from "./stages/merge.ts";
import { type PullPorts, read } from "./stages/read.ts";

/** One pull through the merging of farms: from fs.view's partial windows to committed farm views. */
export function mergePipeline(state: MergeState, pull: PullPorts, policy: CommitPolicy): Observable<never> {
  return read(pull, state.counters.read).pipe(decodeView(state), merge(state), commit(policy, state.counters.commit));
}
