import { FrameTruth, type PageAllocator } from "./page-allocator.ts";
import { START_PFN } from "./simulated-node.ts";

/** What is true of a simulated node's memory: what the fold of its events must arrive at. Live, not a copy. */
export class SimulatedTruth {
  readonly startPfn = START_PFN;
  readonly frames: number;
  readonly #allocator: PageAllocator;

  constructor(allocator: PageAllocator) {
    this.#allocator = allocator;
    this.frames = allocator.frames;
  }

  stateOf(pfn: number): FrameTruth {
    const frame = pfn - this.startPfn;
    if (frame < 0 || frame >= this.frames) return FrameTruth.Hole;
    return this.#allocator.truth[frame] as FrameTruth;
  }

  /** Free blocks by order, as /proc/buddyinfo counts them. */
  freeBlocks(): number[] {
    return [...this.#allocator.buddy.freeBlocks];
  }

  /** Pages on per-CPU lists. */
  get perCpuPages(): number {
    return this.#allocator.perCpuPages;
  }
}
