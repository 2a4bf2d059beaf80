import type { Moment } from "./moment.ts";
import type { NodePast } from "./node-past.ts";

/** States kept at most, and their bytes. */
const KEPT_MAX = 64;
const KEPT_BYTES_MAX = 256 * 2 ** 20;

/** States of nodes in the past that may be asked to go on from where they are; the longest unused goes first. */
export class KeptPasts {
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** The longest unused first. */
  readonly #pasts: NodePast[] = [];
  #bytes = 0;

  constructor(countMax = KEPT_MAX, bytesMax = KEPT_BYTES_MAX) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#pasts.length;
  }

  /** Gives away the state of a node that is closest before a moment: it is the taker's until it is put back. */
  take(node: string, moment: Moment): NodePast | null {
    let found: NodePast | null = null;
    for (const past of this.#pasts) {
      if (past.node !== node || !past.canReach(moment)) continue;
      if (found === null || past.position > found.position) found = past;
    }
    if (found !== null) this.#remove(found);
    return found;
  }

  put(past: NodePast): void {
    this.#pasts.push(past);
    this.#bytes += past.bytes;
    while (this.#pasts.length > this.#countMax || this.#bytes > this.#bytesMax) this.#remove(this.#pasts[0]!);
  }

  #remove(past: NodePast): void {
    this.#pasts.splice(this.#pasts.indexOf(past), 1);
    this.#bytes = this.#pasts.reduce((sum, one) => sum + one.bytes, 0);
  }
}
