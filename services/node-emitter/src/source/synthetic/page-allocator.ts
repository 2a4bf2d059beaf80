import { PageEventKind } from "@farmscope/domain";
import { BuddyAllocator, MAX_BLOCK_FRAMES, MIGRATE_TYPES, type MigrateType } from "./buddy.ts";
import { blocksMax, blocksPerBatch, isPerCpuOrder, PER_CPU_ORDERS, PerCpuLists } from "./per-cpu-lists.ts";

/** What a simulated frame really is. */
export const FrameTruth = { Hole: 0, Free: 1, Allocated: 2, PerCpu: 3 } as const;
export type FrameTruth = (typeof FrameTruth)[keyof typeof FrameTruth];

/** Told of each page event in the order in which the kernel's tracepoints would fire. `frame` counts from the zone's beginning. */
export type PageEventListener = (kind: PageEventKind, frame: number, order: number, type: MigrateType) => void;

/** Frames of the kernel's image, never freed. */
export const RESERVED_FRAMES = 512;
/** Frames at the zone's end that hold no memory, as firmware leaves them. */
export const HOLE_FRAMES = MAX_BLOCK_FRAMES;

/**
 * The kernel's page allocator for one zone: per-CPU lists above a buddy allocator, speaking the five tracepoints of
 * FINDINGS 2 and keeping the truth about every frame beside them.
 */
export class PageAllocator {
  readonly frames: number;
  /** FrameTruth of each frame. */
  readonly truth: Uint8Array;
  /** Of allocated frames: 1 + order at the head of a block whose pages carry flags, 0 at tails and at plain kernel pages. */
  readonly flaggedHead: Uint8Array;
  readonly buddy: BuddyAllocator;
  readonly #lists: PerCpuLists;
  readonly #tell: PageEventListener;
  #allocatedFrames = RESERVED_FRAMES;

  /** @param frames a multiple of {@link MAX_BLOCK_FRAMES}, at least four of them. */
  constructor(frames: number, cpus: number, tell: PageEventListener) {
    this.frames = frames;
    this.truth = new Uint8Array(frames);
    this.flaggedHead = new Uint8Array(frames);
    this.buddy = new BuddyAllocator(frames);
    this.#lists = new PerCpuLists(cpus);
    this.#tell = tell;
    this.truth.fill(FrameTruth.Allocated, 0, RESERVED_FRAMES);
    this.flaggedHead.fill(1, 0, RESERVED_FRAMES);
    this.#giveToBuddy(RESERVED_FRAMES, 9);
    for (let frame = MAX_BLOCK_FRAMES; frame < this.presentFrames; frame += MAX_BLOCK_FRAMES)
      this.#giveToBuddy(frame, 10);
  }

  get presentFrames(): number {
    return this.frames - HOLE_FRAMES;
  }

  /** Share of the present frames that is handed out, 0..1. */
  get fullness(): number {
    return this.#allocatedFrames / this.presentFrames;
  }

  get perCpuPages(): number {
    return this.#lists.pages();
  }

  /**
   * Hands a block out.
   * @param flagged its pages show flags in /proc/kpageflags: anonymous memory, page cache, slab; not plain kernel pages.
   * @returns its first frame, or -1 when there is none.
   */
  allocate(order: number, type: MigrateType, cpu: number, flagged: boolean): number {
    const frame = isPerCpuOrder(order) ? this.#takeFromList(order, type, cpu) : this.#takeFromZone(order, type);
    if (frame < 0) return -1;
    this.#mark(frame, order, FrameTruth.Allocated);
    if (flagged) this.flaggedHead[frame] = 1 + order;
    this.#allocatedFrames += 2 ** order;
    this.#tell(PageEventKind.Alloc, frame, order, type);
    return frame;
  }

  /** Gives a block back: to a per-CPU list, which drains its oldest blocks when it is full, or to the buddy allocator. */
  free(frame: number, order: number, type: MigrateType, cpu: number): void {
    this.#allocatedFrames -= 2 ** order;
    this.flaggedHead[frame] = 0;
    this.#tell(PageEventKind.Free, frame, order, type);
    if (!isPerCpuOrder(order)) {
      this.#giveToBuddy(frame, order);
      return;
    }
    this.#mark(frame, order, FrameTruth.PerCpu);
    const stack = this.#lists.stack(cpu, type, order);
    stack.push(frame);
    if (stack.length > blocksMax(order)) this.#drain(stack.splice(0, blocksPerBatch(order)), order, type);
  }

  /** Empties the lists of one CPU, as the kernel does with those that lie idle. */
  drainCpu(cpu: number): void {
    for (let type = 0; type < MIGRATE_TYPES; type++) {
      for (const order of PER_CPU_ORDERS) {
        this.#drain(this.#lists.stack(cpu, type, order).splice(0), order, type as MigrateType);
      }
    }
  }

  #drain(blocks: readonly number[], order: number, type: MigrateType): void {
    for (const frame of blocks) {
      this.#tell(PageEventKind.Drain, frame, order, type);
      this.#giveToBuddy(frame, order);
    }
  }

  #takeFromList(order: number, type: MigrateType, cpu: number): number {
    const stack = this.#lists.stack(cpu, type, order);
    if (stack.length === 0) this.#refill(stack, order, type);
    return stack.pop() ?? -1;
  }

  #refill(stack: number[], order: number, type: MigrateType): void {
    for (let block = 0; block < blocksPerBatch(order); block++) {
      const frame = this.#takeFromZone(order, type);
      if (frame < 0) return;
      stack.push(frame);
    }
  }

  /** __rmqueue: from the type's own lists, else by claiming page blocks of another, else by stealing a piece. */
  #takeFromZone(order: number, type: MigrateType): number {
    let frame = this.buddy.takeOwn(order, type);
    if (frame >= 0) return this.#taken(frame, order, type, PageEventKind.Refill);
    if (this.buddy.claim(order, type)) {
      frame = this.buddy.takeOwn(order, type);
      this.#taken(frame, order, type, PageEventKind.Refill);
      return this.#taken(frame, order, type, PageEventKind.Extfrag);
    }
    frame = this.buddy.steal(order, type);
    return frame < 0 ? -1 : this.#taken(frame, order, type, PageEventKind.Extfrag);
  }

  #taken(frame: number, order: number, type: MigrateType, kind: PageEventKind): number {
    this.#mark(frame, order, FrameTruth.PerCpu);
    this.#tell(kind, frame, order, type);
    return frame;
  }

  #giveToBuddy(frame: number, order: number): void {
    this.#mark(frame, order, FrameTruth.Free);
    this.buddy.free(frame, order);
  }

  #mark(frame: number, order: number, state: FrameTruth): void {
    this.truth.fill(state, frame, frame + 2 ** order);
  }
}
