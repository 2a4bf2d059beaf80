interface Block {
  /** First position, and the one after the last. */
  readonly start: number;
  end: number;
  /** Positions of each key, ascending. */
  readonly places: Map<string, number[]>;
}

/** A position and the key that stands there. */
export interface Keyed {
  readonly position: number;
  readonly key: string;
}

const BLOCK_POSITIONS = 4_096;

/**
 * Which key stands where, for one contiguous part of a stream: so that a reader of one key need not read the others,
 * and the newest record of a key is found without a search. A cache: what is beyond its limit is forgotten, the oldest
 * first, and may be learned again.
 */
export class KeyIndex {
  readonly #positionsMax: number;
  /** Without gaps between them. */
  #blocks: Block[] = [];

  /** @param positionsMax positions to remember; 8 bytes and a little for each. */
  constructor(positionsMax = 262_144) {
    this.#positionsMax = positionsMax;
  }

  /** First position known; 0 when nothing is. */
  get start(): number {
    return this.#blocks[0]?.start ?? 0;
  }

  /** The one after the last position known; 0 when nothing is. */
  get end(): number {
    return this.#blocks.at(-1)?.end ?? 0;
  }

  /**
   * Learns what stands from `start` up to `end`. What joins what is known is added to it, at either side; what lies
   * further on takes its place; what lies before it is not wanted.
   */
  learn(start: number, end: number, keys: readonly Keyed[]): void {
    if (end <= start) return;
    if (start > this.end) this.#blocks = [];
    if (end > this.end) this.#append(Math.max(start, this.end), end, keys);
    else if (start < this.start && end >= this.start) this.#prepend(start, keys);
  }

  /** The stream ends at `last`: what is known beyond it was of a log that is lost. */
  reconcile(last: number): void {
    if (this.end > last + 1) this.#blocks = [];
  }

  /**
   * First place at or after `position` where this key can stand: a known one, else the first position not known.
   * `position` itself when nothing is known of it.
   */
  next(key: string, position: number): number {
    if (position < this.start || position >= this.end) return position;
    for (const { end, places } of this.#blocks) {
      if (end <= position) continue;
      const found = places.get(key)?.find((place) => place >= position);
      if (found !== undefined) return found;
    }
    return this.end;
  }

  /** Newest known position of the key, or null. */
  last(key: string): number | null {
    const block = this.#blocks.findLast(({ places }) => places.has(key));
    return block?.places.get(key)?.at(-1) ?? null;
  }

  #append(from: number, end: number, keys: readonly Keyed[]): void {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.end - block.start >= BLOCK_POSITIONS) {
      block = { start: from, end: from, places: new Map() };
      this.#blocks.push(block);
    }
    for (const { position, key } of keys) if (position >= from) note(block, position, key);
    block.end = end;
    while (this.#blocks.length > 1 && this.end - this.start > this.#positionsMax) this.#blocks.shift();
  }

  #prepend(start: number, keys: readonly Keyed[]): void {
    if (this.end - start > this.#positionsMax) return;
    const block: Block = { start, end: this.start, places: new Map() };
    for (const { position, key } of keys) if (position < block.end) note(block, position, key);
    this.#blocks.unshift(block);
  }
}

function note(block: Block, position: number, key: string): void {
  const places = block.places.get(key);
  if (places === undefined) block.places.set(key, [position]);
  else places.push(position);
}
