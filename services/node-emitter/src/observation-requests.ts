/** Passes requests for full observations on to the source, each node's at most once in a while; none is forgotten. */
export class ObservationRequests {
  readonly #intervalMsMin: number;
  readonly #observe: (node: string, reason: number) => void;
  readonly #waiting = new Map<string, number>();
  readonly #askedAtMs = new Map<string, number>();

  /** @param observe asks the source. */
  constructor(intervalMsMin: number, observe: (node: string, reason: number) => void) {
    this.#intervalMsMin = intervalMsMin;
    this.#observe = observe;
  }

  /** Remembers that a node should be observed. Of several reasons, the first stands. */
  add(node: string, reason: number): void {
    if (!this.#waiting.has(node)) this.#waiting.set(node, reason);
  }

  /** Asks for what may be asked for now. */
  pass(nowMs: number): void {
    for (const [node, reason] of this.#waiting) {
      const askedAtMs = this.#askedAtMs.get(node);
      if (askedAtMs !== undefined && nowMs - askedAtMs < this.#intervalMsMin) continue;
      this.#waiting.delete(node);
      this.#askedAtMs.set(node, nowMs);
      this.#observe(node, reason);
    }
  }
}
