import { type KnownState, PageState, type PageStateSet } from "./page-state.ts";

/** A block, as the reference sees it. */
export interface ReferenceBlock {
  readonly first: number;
  readonly order: number;
  readonly state: PageState;
}

/**
 * What {@link ZoneMap} must do, written for the eye: one entry a frame, every count made anew from the frames. Tests hold
 * the two together.
 */
export class ReferencePageMap {
  readonly #start: number;
  readonly #end: number;
  readonly #maxOrder: number;
  /** Frames that are allocated or on a per-CPU list, with the block each is part of. */
  readonly #blocks = new Map<number, ReferenceBlock>();
  readonly #free = new Set<number>();

  constructor(start: number, end: number, maxOrder: number) {
    this.#start = start;
    this.#end = end;
    this.#maxOrder = maxOrder;
  }

  set(pfn: number, order: number, state: KnownState): PageStateSet {
    const held = this.#takeOut(pfn, order);
    if (state === PageState.Free) {
      for (let frame = pfn; frame < pfn + 2 ** order; frame++) this.#free.add(frame);
    } else {
      this.#putIn({ first: pfn, order, state });
    }
    return held;
  }

  forget(pfn: number, order: number): void {
    this.#takeOut(pfn, order);
  }

  /** Free blocks as the buddy allocator would have them: aligned, and as large as they can be. */
  freeBlocks(): ReferenceBlock[] {
    const blocks: ReferenceBlock[] = [];
    for (let pfn = this.#start; pfn < this.#end; ) {
      if (!this.#free.has(pfn)) {
        pfn++;
        continue;
      }
      let order = 0;
      while (order < this.#maxOrder && this.#isFreeBlock(pfn, order + 1)) order++;
      blocks.push({ first: pfn, order, state: PageState.Free });
      pfn += 2 ** order;
    }
    return blocks;
  }

  /** Every block, in rising order of its first frame; frames that are unknown are left out. */
  blocks(): ReferenceBlock[] {
    const held = new Set(this.#blocks.values());
    return [...this.freeBlocks(), ...held].sort((a, b) => a.first - b.first);
  }

  #isFreeBlock(pfn: number, order: number): boolean {
    if (pfn % 2 ** order !== 0) return false;
    for (let frame = pfn; frame < pfn + 2 ** order; frame++) if (!this.#free.has(frame)) return false;
    return true;
  }

  /** Empties the frames; what is left of blocks that reach beyond stays, in the largest aligned pieces. */
  #takeOut(pfn: number, order: number): PageStateSet {
    const end = pfn + 2 ** order;
    let held = 0;
    for (let frame = pfn; frame < end; frame++) {
      if (this.#free.delete(frame)) held |= 1 << PageState.Free;
      const block = this.#blocks.get(frame);
      if (block === undefined) continue;
      held |= 1 << block.state;
      const blockEnd = block.first + 2 ** block.order;
      for (let other = block.first; other < blockEnd; other++) this.#blocks.delete(other);
      this.#putPieces(block.first, Math.max(block.first, pfn), block.state);
      this.#putPieces(Math.min(blockEnd, end), blockEnd, block.state);
    }
    return held;
  }

  #putPieces(first: number, end: number, state: PageState): void {
    for (let pfn = first; pfn < end; ) {
      let order = 0;
      while (pfn % 2 ** (order + 1) === 0 && pfn + 2 ** (order + 1) <= end) order++;
      this.#putIn({ first: pfn, order, state });
      pfn += 2 ** order;
    }
  }

  #putIn(block: ReferenceBlock): void {
    for (let frame = block.first; frame < block.first + 2 ** block.order; frame++) this.#blocks.set(frame, block);
  }
}
