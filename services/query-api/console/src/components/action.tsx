import { useState } from "preact/hooks";
import { describeError } from "../use-poll.ts";

/** What a button did: nothing yet, under way, done, or why not. */
export interface Action {
  readonly isUnderWay: boolean;
  readonly error: string | null;
  run(work: () => Promise<unknown>): void;
}

/** Runs one request at a time and keeps what went wrong. @param onDone called when it went well. */
export function useAction(onDone: () => void): Action {
  const [isUnderWay, setUnderWay] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (work: () => Promise<unknown>): void => {
    if (isUnderWay) return;
    setUnderWay(true);
    setError(null);
    work()
      .then(onDone)
      .catch((failure: unknown) => setError(describeError(failure)))
      .finally(() => setUnderWay(false));
  };
  return { isUnderWay, error, run };
}

export function ActionError({ action }: { readonly action: Action }) {
  return action.error === null ? null : (
    <p class="notice error" role="alert">
      {action.error}
    </p>
  );
}
