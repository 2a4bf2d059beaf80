import { OperatingError } from "@farmscope/runtime";

/**
 * The outcome of `work`, unless `signal` fires first: the work itself goes on unheeded.
 * @throws {OperatingError} ABORTED when the signal fires.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const refuse = (): void => reject(new OperatingError("ABORTED", "cancelled before the log answered"));
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}
