import { encodeObservationRuns, ObservationClass } from "@farmscope/domain";
import {
  create,
  type Observation,
  type ObservationChunk,
  ObservationChunkSchema,
  type ObservationReason,
  ObservationSchema,
} from "@farmscope/proto";
import { FrameTruth, type PageAllocator } from "./page-allocator.ts";

/** Frames that are read in one go, as from /proc/kpageflags. */
const CHUNK_FRAMES = 4096;
const CHUNKS_PER_PART = 4;

/** One full observation of a simulated zone, read part by part while the node goes on. */
export class SimulatedObservation {
  readonly #allocator: PageAllocator;
  readonly #startPfn: number;
  readonly #id: number;
  readonly #reason: ObservationReason;
  #frame = 0;

  constructor(allocator: PageAllocator, startPfn: number, id: number, reason: ObservationReason) {
    this.#allocator = allocator;
    this.#startPfn = startPfn;
    this.#id = id;
    this.#reason = reason;
  }

  get isComplete(): boolean {
    return this.#frame >= this.#allocator.frames;
  }

  /** Reads the next part; `tick` is now. */
  next(tick: number): Observation {
    const begin = this.#frame === 0;
    const chunks: ObservationChunk[] = [];
    while (chunks.length < CHUNKS_PER_PART && !this.isComplete) chunks.push(this.#read(tick));
    return create(ObservationSchema, { id: this.#id, reason: this.#reason, begin, end: this.isComplete, chunks });
  }

  #read(tick: number): ObservationChunk {
    const first = this.#frame;
    const count = Math.min(CHUNK_FRAMES, this.#allocator.frames - first);
    this.#frame += count;
    return create(ObservationChunkSchema, {
      firstPfn: this.#startPfn + first,
      count,
      tick: BigInt(tick),
      endTick: BigInt(tick),
      runs: encodeObservationRuns(classesOf(this.#allocator, first, count)),
    });
  }
}

/** What /proc/kpageflags would say of frames [first, first + count). */
function classesOf(allocator: PageAllocator, first: number, count: number): Uint8Array {
  const classes = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    switch (allocator.truth[first + at]) {
      case FrameTruth.Free:
        classes[at] = ObservationClass.Buddy;
        break;
      case FrameTruth.Hole:
        classes[at] = ObservationClass.Hole;
        break;
      default:
        classes[at] = ObservationClass.NoFlags;
    }
  }
  for (let at = 0; at < count; at++) markFlagged(classes, at, allocator.flaggedHead[first + at] - 1);
  return classes;
}

/** Blocks never straddle chunks: both are aligned, and a chunk is four times the largest block. */
function markFlagged(classes: Uint8Array, at: number, order: number): void {
  if (order < 0) return;
  if (order === 0) {
    classes[at] = ObservationClass.InUse;
    return;
  }
  classes[at] = ObservationClass.CompoundHead | (order << 3);
  classes.fill(ObservationClass.CompoundTail, at + 1, at + 2 ** order);
}
