import type { Random } from "@farmscope/domain";

interface Due {
  readonly atMs: number;
  /** Drawn: decides between what is due at the same moment. */
  readonly rank: number;
  /** Null when it was cancelled. */
  run: (() => void) | null;
}

/** Takes back what was to happen. */
export type Cancel = () => void;

/** Steps after which a run is taken to go round in circles. */
const STEPS_MAX = 2_000_000;

/**
 * Virtual time and all that is going to happen in it. One step runs at a time, and the next one when everything that
 * the step set going has settled, so that a run is a function of its seed alone. Nothing waits for a real timer.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #heap: Due[] = [];
  #nowMs = 0;
  #steps = 0;
  #fingerprint = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds since the run began, with digits behind the point. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** A number over the times of all steps so far: two runs that differ anywhere differ here, almost certainly. */
  get fingerprint(): number {
    return this.#fingerprint >>> 0;
  }

  /** Runs `run` at a time; at once, though not within this call, when that is past. */
  at(atMs: number, run: () => void): Cancel {
    const due: Due = { atMs: Math.max(atMs, this.#nowMs), rank: this.#random.nextUint32(), run };
    this.#push(due);
    return () => {
      due.run = null;
    };
  }

  after(ms: number, run: () => void): Cancel {
    return this.at(this.#nowMs + ms, run);
  }

  /**
   * Lets time pass until `endMs`, or until `isDone` says so after a step.
   * @returns whether `isDone` said so.
   */
  async runUntil(endMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    await settled();
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = Math.max(this.#nowMs, endMs);
        return isDone();
      }
      await this.#step();
    }
    return true;
  }

  async #step(): Promise<void> {
    const { atMs, rank, run } = this.#pop();
    if (run === null) return;
    this.#nowMs = atMs;
    if (++this.#steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
    this.#fingerprint = Math.imul(this.#fingerprint ^ rank ^ Math.floor(atMs * 1000), 0x01000193);
    run();
    await settled();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.rank < b.rank);
}

/** Resolves when no continuation is left to run: Node begins its next tick when the queue of those is empty. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
