/** What the tasks of a simulated node do. Weights are relative; the rest is stated beside each. */
export interface WorkloadMix {
  /** A task touches new anonymous memory. */
  readonly anonymous: number;
  /** Files are read ahead into the page cache. */
  readonly pageCache: number;
  /** Network and pipe buffers: plain kernel pages, taken and given back at once. */
  readonly buffers: number;
  readonly slabGrow: number;
  readonly slabShrink: number;
  readonly hugePage: number;
  /** A block that is too large for the per-CPU lists. */
  readonly largeBlock: number;
  /** A task gives part of its memory back. */
  readonly unmap: number;
  /** Share of the memory in use at which the node starts, and above which it reclaims. */
  readonly fullnessAtStart: number;
  readonly fullnessMax: number;
  /** Typical run-queue delay in microseconds, and the spread of its logarithm. */
  readonly delayUsMedian: number;
  readonly delaySpread: number;
  /** Typical GC pause in microseconds. */
  readonly gcPauseUsMedian: number;
}

/** The mixes by name. A fleet gets one of them for each node, by its seed. */
export const WORKLOAD_MIXES = {
  balanced: {
    anonymous: 40,
    pageCache: 18,
    buffers: 22,
    slabGrow: 8,
    slabShrink: 7,
    hugePage: 2,
    largeBlock: 1,
    unmap: 3,
    fullnessAtStart: 0.55,
    fullnessMax: 0.82,
    delayUsMedian: 12,
    delaySpread: 1.2,
    gcPauseUsMedian: 900,
  },
  network: {
    anonymous: 15,
    pageCache: 8,
    buffers: 60,
    slabGrow: 8,
    slabShrink: 8,
    hugePage: 0,
    largeBlock: 2,
    unmap: 2,
    fullnessAtStart: 0.4,
    fullnessMax: 0.75,
    delayUsMedian: 30,
    delaySpread: 1.5,
    gcPauseUsMedian: 600,
  },
  batch: {
    anonymous: 50,
    pageCache: 20,
    buffers: 4,
    slabGrow: 3,
    slabShrink: 3,
    hugePage: 8,
    largeBlock: 2,
    unmap: 6,
    fullnessAtStart: 0.5,
    fullnessMax: 0.85,
    delayUsMedian: 8,
    delaySpread: 1.8,
    gcPauseUsMedian: 2_500,
  },
  /** Unmovable pages are scattered and stay: contiguous memory runs out. */
  fragmenting: {
    anonymous: 30,
    pageCache: 25,
    buffers: 12,
    slabGrow: 20,
    slabShrink: 6,
    hugePage: 1,
    largeBlock: 1,
    unmap: 4,
    fullnessAtStart: 0.7,
    fullnessMax: 0.9,
    delayUsMedian: 20,
    delaySpread: 1.4,
    gcPauseUsMedian: 1_500,
  },
} as const satisfies Record<string, WorkloadMix>;
export type WorkloadName = keyof typeof WORKLOAD_MIXES;
export const WORKLOAD_NAMES = Object.keys(WORKLOAD_MIXES) as readonly WorkloadName[];
