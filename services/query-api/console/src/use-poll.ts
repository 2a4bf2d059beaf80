import { useEffect, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

export interface Polled<T> {
  readonly value: T | null;
  readonly error: string | null;
}

/**
 * Asks now and then every `everyMs` after each answer, never twice at once; keeps the last good value when an answer
 * fails, and says so. Stops while the page is hidden.
 * @param key says when `ask` (a new function on every render) means another question; then it is asked at once.
 */
export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number, key: string): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    const controller = new AbortController();
    let timer = 0;
    const again = (): void => {
      if (!controller.signal.aborted) timer = window.setTimeout(run, everyMs);
    };
    const run = (): void => {
      if (document.hidden) {
        again();
        return;
      }
      ask(controller.signal)
        .then((value) => setPolled({ value, error: null }))
        .catch((error: unknown) => {
          if (!controller.signal.aborted) setPolled((old) => ({ ...old, error: describe(error) }));
        })
        .finally(again);
    };
    run();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [everyMs, key]);
  return polled;
}

function describe(error: unknown): string {
  if (error instanceof ApiError)
    return error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`;
  return error instanceof Error ? error.message : String(error);
}
