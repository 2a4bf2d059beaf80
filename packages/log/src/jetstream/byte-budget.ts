interface Taker {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * Bytes that may be under way to us on one connection, shared by all its readers: a server drops a client to which it
 * has more than 64 MiB to send (max_pending). Granted in the order of asking.
 */
export class ByteBudget {
  readonly bytesMax: number;
  #free: number;
  readonly #takers: Taker[] = [];

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.#free = bytesMax;
  }

  /** Resolves when `bytes` are ours; more than the whole budget is cut to it. Give back what this returns. */
  take(bytes: number): Promise<number> {
    const wanted = Math.min(bytes, this.bytesMax);
    return new Promise((resolve) => {
      this.#takers.push({ bytes: wanted, grant: () => resolve(wanted) });
      this.#grant();
    });
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
    this.#grant();
  }

  #grant(): void {
    for (let taker = this.#takers[0]; taker !== undefined && taker.bytes <= this.#free; taker = this.#takers[0]) {
      this.#takers.shift();
      this.#free -= taker.bytes;
      taker.grant();
    }
  }
}
