import { encodeObservationRuns, ObservationClass, TICK_NS } from "@farmscope/domain";
import {
  create,
  type Observation,
  type ObservationChunk,
  ObservationChunkSchema,
  ObservationReason,
  ObservationSchema,
} from "@farmscope/proto";
import { markHoles, TARGET_FRAMES, WINDOW_FRAMES, windowsOf } from "./frame-windows.ts";
import type { FrameRange } from "./memory-layout.ts";
import { Targets } from "./targets.ts";

/** Shortest time between two full observations that nobody asked for, in milliseconds. */
const FULL_INTERVAL_MS_MIN = 5 * 60_000;
/** A full observation comes at least this often, in milliseconds. */
const PERIOD_MS = 30 * 60_000;
/** Between the first part and the first reading: by then, events from before are on their way (fold's margin). */
const MARGIN_MS = 10;
/** A poll stops reading when it has taken this long, in nanoseconds; one window takes a third to one millisecond. */
const READING_NS_MAX = 2_000_000;
const WINDOWS_PER_POLL_MAX = 32;
/**
 * After a full observation, blocks that may have been hidden from it are read again, in milliseconds: free page reporting
 * takes free blocks of the huge-page order from the lists while it tells the hypervisor of them, at two-second intervals
 * (PAGE_REPORTING_DELAY, mm/page_reporting.c, Linux 6.18).
 */
const HIDDEN_MS = 3_000;

export interface FrameReader {
  readFrames(first: number, classes: Uint8Array, times: Float64Array): null;
}

/** What the observer needs of its surroundings. */
export interface ObserverPorts {
  readonly frames: FrameReader;
  /** Pours out the page events that wait, so that the reading stands behind them. */
  readonly drain: () => void;
  readonly give: (part: Observation) => void;
  /** Frames of a transparent huge page: free page reporting hides blocks of that order and above. */
  readonly hugeFrames: number;
  /** All that may be read about now. */
  readonly readable: () => readonly FrameRange[];
}

interface Job {
  readonly id: number;
  readonly reason: ObservationReason;
  readonly windows: readonly FrameRange[];
  readonly readFromMs: number;
  next: number;
}

interface Request {
  readonly reason: ObservationReason;
  /** Null: all. */
  readonly ranges: readonly FrameRange[] | null;
  /** Frames of a window. */
  readonly windowFrames: number;
}

/**
 * Reads what the kernel says of its page frames, a few windows at each poll. One observation at a time; a full one
 * answers every request for a full one that came before its beginning.
 */
export class Observer {
  readonly #ports: ObserverPorts;
  readonly #classes = new Uint8Array(WINDOW_FRAMES);
  readonly #times = new Float64Array(2);
  readonly #partial: Request[] = [];
  readonly #targets = new Targets();
  /** Blocks without any flag, as the newest full observation met them. */
  #hidden: FrameRange[] = [];
  #hiddenDueMs = Number.POSITIVE_INFINITY;
  #full: ObservationReason | null = null;
  #fullBegunMs = Number.NEGATIVE_INFINITY;
  #job: Job | null = null;
  #nextId = 1;

  constructor(ports: ObserverPorts) {
    this.#ports = ports;
  }

  /** True while an observation runs. */
  get busy(): boolean {
    return this.#job !== null;
  }

  /**
   * Asks for a full observation: at once when somebody asked by name or at the start, otherwise as soon as the last one
   * is old enough.
   */
  requestFull(reason: ObservationReason): void {
    if (this.#full === null || isUrgent(reason)) this.#full = reason;
  }

  /** Asks for an observation of some frames. */
  requestRange(reason: ObservationReason, range: FrameRange): void {
    this.#partial.push({ reason, ranges: [range], windowFrames: WINDOW_FRAMES });
  }

  /** Asks for a second look at some frames, soon; many such requests are answered together. */
  requestTarget(reason: ObservationReason, range: FrameRange, nowMs: number): void {
    this.#targets.add(reason, range, nowMs);
  }

  /** Goes on with what there is to do; takes two to three milliseconds at most. */
  step(nowMs: number): void {
    if (nowMs >= this.#hiddenDueMs) this.#readHiddenAgain(nowMs);
    if (this.#job === null) {
      const request = this.#nextRequest(nowMs);
      if (request !== null) this.#begin(request, nowMs);
    } else if (nowMs >= this.#job.readFromMs) {
      this.#read(this.#job, nowMs);
    }
  }

  #nextRequest(nowMs: number): Request | null {
    if (this.#full === null && nowMs - this.#fullBegunMs >= PERIOD_MS) this.#full = ObservationReason.PERIODIC;
    const isDue = nowMs - this.#fullBegunMs >= FULL_INTERVAL_MS_MIN;
    if (this.#full !== null && (isDue || isUrgent(this.#full))) {
      const reason = this.#full;
      this.#full = null;
      this.#fullBegunMs = nowMs;
      this.#partial.length = 0;
      this.#targets.clear();
      return { reason, ranges: null, windowFrames: WINDOW_FRAMES };
    }
    const partial = this.#partial.shift();
    if (partial !== undefined) return partial;
    const targets = this.#targets.take(nowMs);
    return targets === null ? null : { ...targets, windowFrames: TARGET_FRAMES };
  }

  #begin({ reason, ranges, windowFrames }: Request, nowMs: number): void {
    const readable = this.#ports.readable();
    const windows = windowsOf(ranges ?? readable, readable, windowFrames);
    if (windows.length === 0) return;
    this.#job = { id: this.#nextId++, reason, windows, readFromMs: nowMs + MARGIN_MS, next: 0 };
    this.#give(this.#job, true, []);
  }

  #readHiddenAgain(nowMs: number): void {
    for (const range of this.#hidden) this.#targets.add(ObservationReason.REPORTED, range, nowMs);
    this.#hidden = [];
    this.#hiddenDueMs = Number.POSITIVE_INFINITY;
  }

  #read(job: Job, nowMs: number): void {
    const chunks: ObservationChunk[] = [];
    const readable = this.#ports.readable();
    let stopAtNs = Number.POSITIVE_INFINITY;
    while (job.next < job.windows.length && chunks.length < WINDOWS_PER_POLL_MAX && this.#times[1] < stopAtNs) {
      const window = job.windows[job.next++];
      chunks.push(this.#readWindow(window, readable));
      if (window.end - window.first > TARGET_FRAMES) this.#noteHidden(window);
      if (chunks.length === 1) stopAtNs = this.#times[0] + READING_NS_MAX;
    }
    if (job.next === job.windows.length) {
      this.#job = null;
      if (this.#hidden.length > 0) this.#hiddenDueMs = nowMs + HIDDEN_MS;
    }
    this.#give(job, false, chunks);
  }

  #readWindow({ first, end }: FrameRange, readable: readonly FrameRange[]): ObservationChunk {
    const classes = this.#classes.subarray(0, end - first);
    this.#ports.drain();
    this.#ports.frames.readFrames(first, classes, this.#times);
    markHoles(classes, first, readable);
    return create(ObservationChunkSchema, {
      firstPfn: first,
      count: classes.length,
      tick: BigInt(Math.floor(this.#times[0] / TICK_NS)),
      endTick: BigInt(Math.ceil(this.#times[1] / TICK_NS)),
      runs: encodeObservationRuns(classes),
    });
  }

  /** Notes the blocks of the window just read that have no flags at all. */
  #noteHidden({ first, end }: FrameRange): void {
    const { hugeFrames } = this.#ports;
    for (let at = 0; at + hugeFrames <= end - first; at += hugeFrames) {
      const block = this.#classes.subarray(at, at + hugeFrames);
      if (block.every((observed) => observed === ObservationClass.NoFlags)) {
        this.#hidden.push({ first: first + at, end: first + at + hugeFrames });
      }
    }
  }

  #give(job: Job, begin: boolean, chunks: ObservationChunk[]): void {
    const end = job.next === job.windows.length;
    this.#ports.give(create(ObservationSchema, { id: job.id, reason: job.reason, begin, end, chunks }));
  }
}

function isUrgent(reason: ObservationReason): boolean {
  return reason === ObservationReason.REQUESTED || reason === ObservationReason.START;
}
