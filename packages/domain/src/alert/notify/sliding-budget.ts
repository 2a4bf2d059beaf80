/** So many of something within any span of so long. */
export class SlidingBudget {
  readonly #max: number;
  readonly #spanMs: number;
  /** Rising; at most {@link #max}. */
  readonly #takenMs: number[] = [];

  constructor(max: number, spanMs: number) {
    this.#max = max;
    this.#spanMs = spanMs;
  }

  /** How long to wait until one more may be taken, in milliseconds; 0 when it may be now. */
  waitMs(nowMs: number): number {
    if (this.#takenMs.length < this.#max) return 0;
    return Math.max(0, this.#takenMs[0]! + this.#spanMs - nowMs);
  }

  /** Takes one, also when there is none left: it was taken already. */
  take(nowMs: number): void {
    const newest = this.#takenMs.at(-1) ?? nowMs;
    this.#takenMs.push(Math.max(newest, nowMs));
    if (this.#takenMs.length > this.#max) this.#takenMs.shift();
  }
}
