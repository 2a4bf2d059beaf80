import type { KernelReading } from "./kernel-reading.ts";
import type { Moment } from "./moment.ts";
import { FrameState } from "./node-batches.ts";

/** How the rebuilt map compares with the kernel, frame by frame. */
export interface Verdict {
  /** Managed frames that were judged, and those of them that events touched. */
  readonly frames: number;
  readonly touched: number;
  readonly wrong: number;
  readonly touchedWrong: number;
  /** Frames left out: they changed so near to their reading that either answer is right. */
  readonly ambiguous: number;
  readonly wrongFrames: readonly number[];
}

/** Wrong frames that are explained one by one; the shares of the classes are theirs. */
const WRONG_FRAMES_MAX = 200_000;

/** Compares all managed frames. O(frames). */
export function judgeFrames(kernel: KernelReading, moment: Moment): Verdict {
  let [frames, touched, wrong, touchedWrong, ambiguous] = [0, 0, 0, 0, 0];
  const wrongFrames: number[] = [];
  for (let pfn = 0; pfn < kernel.frames; pfn++) {
    if (kernel.managed[pfn] === 0) continue;
    const states = moment.near[pfn]! | (1 << moment.state[pfn]!);
    const mayBeFree = (states & (1 << FrameState.Free)) !== 0;
    if (mayBeFree && (states & ~(1 << FrameState.Free)) !== 0) {
      ambiguous++;
      continue;
    }
    frames++;
    touched += moment.touched[pfn]!;
    if (mayBeFree === (kernel.free[pfn] === 1)) continue;
    wrong++;
    touchedWrong += moment.touched[pfn]!;
    if (wrongFrames.length < WRONG_FRAMES_MAX) wrongFrames.push(pfn);
  }
  return { frames, touched, wrong, touchedWrong, ambiguous, wrongFrames };
}
