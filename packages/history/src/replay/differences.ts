/** Something that the live installation has otherwise than a fold of the same log gives. */
export interface Difference {
  readonly what: "partial window" | "farm window" | "node view";
  /** Id of the record, or the node. */
  readonly id: string;
  readonly how: "different" | "only live" | "only rebuilt";
}

export interface DifferenceCount {
  readonly compared: number;
  readonly equal: number;
  readonly different: number;
}

const FIRST_MAX = 20;

/** Compares, counts, and keeps the first differences. */
export class Differences {
  readonly first: Difference[] = [];
  readonly #counts = new Map<Difference["what"], { compared: number; equal: number }>();

  compare(what: Difference["what"], id: string, live: Uint8Array | undefined, rebuilt: Uint8Array | undefined): void {
    const count = this.#counts.get(what) ?? { compared: 0, equal: 0 };
    this.#counts.set(what, count);
    count.compared++;
    if (live !== undefined && rebuilt !== undefined && isEqual(live, rebuilt)) {
      count.equal++;
      return;
    }
    const how = live === undefined ? "only rebuilt" : rebuilt === undefined ? "only live" : "different";
    if (this.first.length < FIRST_MAX) this.first.push({ what, id, how });
  }

  of(what: Difference["what"]): DifferenceCount {
    const { compared, equal } = this.#counts.get(what) ?? { compared: 0, equal: 0 };
    return { compared, equal, different: compared - equal };
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
