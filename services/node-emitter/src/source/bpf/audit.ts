import type { KernelGroup } from "./kernel-group.ts";
import type { FrameRange } from "./memory-layout.ts";

/** Between two rounds, in milliseconds: a frame that stays on a per-CPU list is looked at after one to two of them. */
const ROUND_MS = 250;
/** Frames looked at in one poll: a tenth to a third of a millisecond. */
const FRAMES_PER_POLL = 2048;

/** Looks at every frame that stays on a per-CPU list once, and tells of those that left it without an event. */
export class PerCpuAudit {
  readonly #group: KernelGroup;
  readonly #tell: (range: FrameRange) => void;
  #nextMs = Number.NEGATIVE_INFINITY;

  /** @param frames one more than the highest frame. */
  constructor(group: KernelGroup, frames: number, pcpOrderMask: number, tell: (range: FrameRange) => void) {
    group.beginAudit(frames, pcpOrderMask);
    this.#group = group;
    this.#tell = tell;
  }

  step(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    const { free, over } = this.#group.audit(FRAMES_PER_POLL);
    for (const range of free) this.#tell(range);
    if (over) this.#nextMs = nowMs + ROUND_MS;
  }
}
