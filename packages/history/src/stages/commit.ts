import type { StageCounter } from "@farmscope/runtime";
import { concatMap, EMPTY, endWith, from, ignoreElements, type OperatorFunction } from "rxjs";

export interface CommitPolicy {
  /** True when what is pending has waited long enough. */
  isDue(): boolean;
  /** True when so much is pending that it cannot wait for the end of the pull. */
  isFull(): boolean;
  /** Appends and commits everything that is pending. */
  flush(): Promise<void>;
}

/**
 * Commits what was folded: between two records when too much is pending, else at the end of the pull when it is due.
 * Where commits fall changes no result: all that is committed depends on the records alone.
 */
export function commit(policy: CommitPolicy, counter: StageCounter): OperatorFunction<unknown, never> {
  const end = Symbol("end of the pull");
  const flush = async (): Promise<void> => {
    await policy.flush();
    counter.out = counter.in;
  };
  return (folded) =>
    folded.pipe(
      endWith(end),
      concatMap((item) => {
        if (item !== end) counter.in++;
        const now = item === end ? policy.isDue() : policy.isFull();
        return now ? from(flush()) : EMPTY;
      }),
      ignoreElements(),
    );
}
