import { type Clock, OperatingError } from "@farmscope/runtime";

/**
 * What `reading` resolves to, unless it takes too long: for answers that must come although something is away.
 * @throws {OperatingError} TIMEOUT (retriable); what `reading` throws.
 */
export async function withDeadline<T>(clock: Clock, msMax: number, what: string, reading: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(msMax, done.signal).then(
    (): never => {
      throw new OperatingError("TIMEOUT", `${what} did not answer within ${msMax} ms`, { retriable: true });
    },
    // Cancelled: the reading came first.
    () => reading,
  );
  try {
    return await Promise.race([reading, late]);
  } finally {
    done.abort();
    late.catch(() => undefined);
  }
}
