import type { KernelReading } from "./kernel-reading.ts";

/** The rebuilt map, one byte a frame: 1 when the model says the frame is in a free block. */
export interface RebuiltFrames {
  readonly frames: number;
  readonly free: Uint8Array;
  /** One byte a frame: 1 when an event touched it from just before its reading on: it cannot be judged. */
  readonly touched: Uint8Array;
}

export interface Agreement {
  /** Managed frames that were judged. */
  readonly frames: number;
  readonly wrong: number;
  /** Managed frames left out because they changed while or after they were read. */
  readonly ambiguous: number;
  /** 1 - wrong / frames; null when nothing could be judged. */
  readonly rightRatio: number | null;
  /** Wrong frames that the model holds free and the kernel does not, and the other way about. */
  readonly wronglyFree: number;
  readonly wronglyUsed: number;
}

/** Compares the rebuilt map with the kernel, frame by frame, over all managed frames. O(frames). */
export function compareFrames(kernel: KernelReading, model: RebuiltFrames): Agreement {
  let frames = 0;
  let ambiguous = 0;
  let wronglyFree = 0;
  let wronglyUsed = 0;
  for (let pfn = 0; pfn < kernel.frames; pfn++) {
    if (kernel.managed[pfn] === 0) continue;
    if (pfn < model.frames && model.touched[pfn] === 1) {
      ambiguous++;
      continue;
    }
    frames++;
    const modelFree = pfn < model.frames ? model.free[pfn] : 0;
    if (modelFree === kernel.free[pfn]) continue;
    if (modelFree === 1) wronglyFree++;
    else wronglyUsed++;
  }
  const wrong = wronglyFree + wronglyUsed;
  return { frames, wrong, ambiguous, rightRatio: frames === 0 ? null : 1 - wrong / frames, wronglyFree, wronglyUsed };
}
