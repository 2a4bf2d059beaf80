/** Most run-queue events in one batch. */
export const RUNQ_EVENTS_MAX = 4096;

/** Run-queue delays as a struct of arrays, in ring order. Reused between batches: copy what is kept. */
export class RunqColumns {
  length = 0;
  readonly capacity: number;
  /** Tick at which the task was switched in, absolute. */
  readonly tick: Float64Array;
  /** From wake-up, or from being switched out while runnable, to being switched in; nanoseconds. */
  readonly delayNs: Float64Array;
  readonly pid: Uint32Array;
  readonly cgroup: Uint32Array;
  readonly cpu: Uint16Array;
  /** Task that ran before on that CPU. */
  readonly previousPid: Uint32Array;

  constructor(capacity: number = RUNQ_EVENTS_MAX) {
    this.capacity = capacity;
    this.tick = new Float64Array(capacity);
    this.delayNs = new Float64Array(capacity);
    this.pid = new Uint32Array(capacity);
    this.cgroup = new Uint32Array(capacity);
    this.cpu = new Uint16Array(capacity);
    this.previousPid = new Uint32Array(capacity);
  }
}
