import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

export interface Polled<T> {
  readonly value: T | null;
  /** What went wrong at the last try; the value is then the last good one. */
  readonly error: string | null;
  /** Whether the API says that there is no such thing (404), or not yet. */
  readonly isAbsent: boolean;
  /** Whether what is shown answers an earlier question than the present one. */
  readonly isStale: boolean;
}

const ASKING = { value: null, error: null, isAbsent: false, isStale: false } as const;

/**
 * Asks now and then every `everyMs` after each answer (once only when it is null), never twice at once; keeps the last
 * good value when an answer fails, and says so. Stops while the page is hidden.
 * @param key says when `ask` (a new function on every render) means another question; then it is asked at once, and the
 * old answer stays, marked as stale, until the new one is there.
 */
export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number | null, key: string): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>(ASKING);
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => {
    const controller = new AbortController();
    let timer = 0;
    setPolled((old) => (old.value === null ? ASKING : { ...old, isStale: true }));
    const again = (): void => {
      if (!controller.signal.aborted && everyMs !== null) timer = window.setTimeout(run, everyMs);
    };
    const run = (): void => {
      if (document.hidden && everyMs !== null) {
        again();
        return;
      }
      newest
        .current(controller.signal)
        .then((value) => {
          if (!controller.signal.aborted) setPolled({ value, error: null, isAbsent: false, isStale: false });
        })
        .catch((error: unknown) => {
          if (controller.signal.aborted) return;
          setPolled((old) => ({ ...old, error: describeError(error), isAbsent: isAbsence(error) }));
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

export function describeError(error: unknown): string {
  if (error instanceof ApiError)
    return error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`;
  return error instanceof Error ? error.message : String(error);
}

const isAbsence = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
