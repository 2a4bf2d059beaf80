/**
 * A buddy allocator as the kernel has it (mm/page_alloc.c, Linux 6.18): free lists by order and migrate type, doubly
 * linked through typed arrays. Frames are counted from the beginning of the zone, which is aligned to the largest block.
 */
export const MAX_ORDER = 10;
/** Frames of a largest block. */
export const MAX_BLOCK_FRAMES = 2 ** MAX_ORDER;
/** Order of a page block, the unit that has a migrate type; also that of a huge page. */
export const PAGE_BLOCK_ORDER = 9;

/** enum migratetype, include/linux/mmzone.h. */
export const MigrateType = { Unmovable: 0, Movable: 1, Reclaimable: 2 } as const;
export type MigrateType = (typeof MigrateType)[keyof typeof MigrateType];
export const MIGRATE_TYPES = 3;

const NONE = -1;
const LISTS = MIGRATE_TYPES * (MAX_ORDER + 1);

export class BuddyAllocator {
  /** Free blocks by order. */
  readonly freeBlocks = new Uint32Array(MAX_ORDER + 1);
  readonly #frames: number;
  readonly #heads = new Int32Array(LISTS).fill(NONE);
  /** By the first frame of a free block: its neighbours in the list, its order (NONE elsewhere), its list. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #orderAt: Int8Array;
  readonly #listAt: Uint8Array;
  readonly #typeOfPageBlock: Uint8Array;

  /** @param frames a multiple of {@link MAX_BLOCK_FRAMES}. All frames begin as taken. */
  constructor(frames: number) {
    this.#frames = frames;
    this.#next = new Int32Array(frames);
    this.#previous = new Int32Array(frames);
    this.#orderAt = new Int8Array(frames).fill(NONE);
    this.#listAt = new Uint8Array(frames);
    this.#typeOfPageBlock = new Uint8Array(frames >> PAGE_BLOCK_ORDER).fill(MigrateType.Movable);
  }

  /** Gives a block back and joins it with its free buddies, as __free_one_page does. */
  free(frame: number, order: number): void {
    let first = frame;
    let size = order;
    while (size < MAX_ORDER) {
      const buddy = first ^ (2 ** size);
      if (buddy >= this.#frames || this.#orderAt[buddy] !== size) break;
      this.#unlink(buddy);
      first = Math.min(first, buddy);
      size++;
    }
    this.#link(first, size, this.#typeOfPageBlock[first >> PAGE_BLOCK_ORDER]);
  }

  /** Takes a block from the lists of its own migrate type, splitting the smallest that suits (__rmqueue_smallest). @returns its first frame, or -1. */
  takeOwn(order: number, type: MigrateType): number {
    for (let size = order; size <= MAX_ORDER; size++) {
      const frame = this.#heads[listOf(type, size)];
      if (frame !== NONE) return this.#split(frame, size, order, type);
    }
    return NONE;
  }

  /**
   * Turns the page blocks of the largest free block of another type over to `type`, when it is at least a page block
   * (try_to_claim_block, simplified). @returns whether there was one.
   */
  claim(order: number, type: MigrateType): boolean {
    for (let size = MAX_ORDER; size >= Math.max(order, PAGE_BLOCK_ORDER); size--) {
      const frame = this.#headOfOthers(size, type);
      if (frame === NONE) continue;
      this.#unlink(frame);
      const firstBlock = frame >> PAGE_BLOCK_ORDER;
      this.#typeOfPageBlock.fill(type, firstBlock, firstBlock + 2 ** (size - PAGE_BLOCK_ORDER));
      this.#link(frame, size, type);
      return true;
    }
    return false;
  }

  /** Takes a block from the smallest fitting free block of another type, which keeps its type (__rmqueue_steal). @returns its first frame, or -1. */
  steal(order: number, type: MigrateType): number {
    for (let size = order; size <= MAX_ORDER; size++) {
      const frame = this.#headOfOthers(size, type);
      if (frame !== NONE) return this.#split(frame, size, order, this.#listAt[frame] % MIGRATE_TYPES);
    }
    return NONE;
  }

  #headOfOthers(size: number, type: MigrateType): number {
    for (let step = 1; step < MIGRATE_TYPES; step++) {
      const frame = this.#heads[listOf((type + step) % MIGRATE_TYPES, size)];
      if (frame !== NONE) return frame;
    }
    return NONE;
  }

  /** Unlinks a free block, gives its upper halves back to the lists of `type` until it has the wanted order. */
  #split(frame: number, size: number, order: number, type: number): number {
    this.#unlink(frame);
    for (let half = size - 1; half >= order; half--) this.#link(frame + 2 ** half, half, type);
    return frame;
  }

  #link(frame: number, order: number, type: number): void {
    const list = listOf(type, order);
    const head = this.#heads[list];
    this.#orderAt[frame] = order;
    this.#listAt[frame] = list;
    this.#next[frame] = head;
    this.#previous[frame] = NONE;
    if (head !== NONE) this.#previous[head] = frame;
    this.#heads[list] = frame;
    this.freeBlocks[order]++;
  }

  #unlink(frame: number): void {
    const next = this.#next[frame];
    const previous = this.#previous[frame];
    if (previous === NONE) this.#heads[this.#listAt[frame]] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.freeBlocks[this.#orderAt[frame]]--;
    this.#orderAt[frame] = NONE;
  }
}

function listOf(type: number, order: number): number {
  return order * MIGRATE_TYPES + type;
}
