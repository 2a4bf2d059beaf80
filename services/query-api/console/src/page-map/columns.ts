import type { PageMapAnswer } from "../../../src/schemas/index.ts";

/** Runs of equal blocks in rising order, as columns of equal length. */
export interface RunColumns {
  readonly first: Uint32Array<ArrayBuffer>;
  /** Frames. */
  readonly count: Uint32Array<ArrayBuffer>;
  /** Index into the answer's `states`. */
  readonly state: Uint8Array<ArrayBuffer>;
  readonly order: Uint8Array<ArrayBuffer>;
}

/** A page map without its runs: what it is about and what its colours mean. */
export type PageMapHead = Omit<PageMapAnswer, "runs">;

/** The runs of several answers, one behind the other. */
export function joinRuns(parts: readonly PageMapAnswer["runs"][]): RunColumns {
  const length = parts.reduce((sum, part) => sum + part.first.length, 0);
  const columns: RunColumns = {
    first: new Uint32Array(length),
    count: new Uint32Array(length),
    state: new Uint8Array(length),
    order: new Uint8Array(length),
  };
  let at = 0;
  for (const part of parts) {
    columns.first.set(part.first, at);
    columns.count.set(part.count, at);
    columns.state.set(part.state, at);
    columns.order.set(part.order, at);
    at += part.first.length;
  }
  return columns;
}

/** Index of the run that holds a frame; -1 when none does. O(log runs). */
export function runAt({ first, count }: RunColumns, frame: number): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((first[middle] as number) <= frame) low = middle + 1;
    else high = middle;
  }
  const index = low - 1;
  return index >= 0 && frame < (first[index] as number) + (count[index] as number) ? index : -1;
}
