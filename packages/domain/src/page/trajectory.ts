/**
 * The life of one page frame as its node's page events tell it: handed out, given back, handed out again, each with its
 * time, the order of its block and its owner.
 */
import { type PageColumns, PageEventKind } from "./columns.ts";

export const TrajectoryStepKind = {
  /** Handed out; nothing is known of the frame before, or its last giving back was not seen. */
  Alloc: "alloc",
  /** Given back. */
  Free: "free",
  /** Handed out after it was seen being given back. */
  Reuse: "reuse",
  /** From a per-CPU list to the buddy allocator. */
  Drain: "drain",
  /** From the buddy allocator to a per-CPU list. */
  Refill: "refill",
} as const;
export type TrajectoryStepKind = (typeof TrajectoryStepKind)[keyof typeof TrajectoryStepKind];

/** One thing that happened to the frame. */
export interface TrajectoryStep {
  readonly kind: TrajectoryStepKind;
  /** Tick of CLOCK_MONOTONIC. */
  readonly tick: number;
  /** The block that the event was about: its first frame and its order. */
  readonly first: number;
  readonly order: number;
  readonly migrateType: number;
  /** Who caused it. */
  readonly pid: number;
  readonly cgroup: number;
  /** Free: how long the page was held; reuse: how long it had been given back. Null where that is not known. */
  readonly sinceTicks: number | null;
  /** True when the events seen cannot be all: an allocation of an allocated page, or a free of one that was not. */
  readonly isBroken: boolean;
  /** True when events of the node were lost, or went by unseen, between the step before and this one. */
  readonly afterLoss: boolean;
}

export interface TrajectoryOptions {
  /** Most steps that are kept: the newest. Default 10,000. */
  readonly stepsMax?: number;
  /** Whether moves between the buddy allocator and per-CPU lists are steps too. Default false. */
  readonly withLists?: boolean;
}

const STEPS_MAX = 10_000;

/** Whether the frame is handed out; null before its first event, and after losses. */
type Held = boolean | null;

/** Follows one frame through its node's page events, in ring order. */
export class Trajectory {
  readonly pfn: number;
  readonly #stepsMax: number;
  readonly #withLists: boolean;
  #steps: TrajectoryStep[] = [];
  #omitted = 0;
  #held: Held = null;
  /** Tick at which the frame was handed out or given back last; null when that is not known. */
  #sinceTick: number | null = null;
  #afterLoss = false;

  constructor(pfn: number, options: TrajectoryOptions = {}) {
    this.pfn = pfn;
    this.#stepsMax = options.stepsMax ?? STEPS_MAX;
    this.#withLists = options.withLists ?? false;
  }

  /** The newest steps, oldest first. */
  get steps(): readonly TrajectoryStep[] {
    return this.#steps.slice(-this.#stepsMax);
  }

  /** Older steps that were left out, since there were more than may be kept. */
  get omitted(): number {
    return this.#omitted + Math.max(0, this.#steps.length - this.#stepsMax);
  }

  /** True while the frame is handed out, false while it is not, null when that is not known. */
  get isHeld(): boolean | null {
    return this.#held;
  }

  /** Takes the next events of the node. 1 to 2 ns an event that is about other frames. */
  apply(columns: PageColumns): void {
    const { pfn: pfns, order: orders, length } = columns;
    const { pfn } = this;
    for (let index = 0; index < length; index++) {
      // The block of the event's order that would hold the frame begins where the event's block does.
      if ((pfns[index] ^ pfn) >>> orders[index] === 0) this.#take(columns, index);
    }
  }

  /** Events of the node were lost here, or a boot or a gap lies between: what was known of the frame is not any more. */
  lose(): void {
    this.#held = null;
    this.#sinceTick = null;
    this.#afterLoss = true;
  }

  #take(columns: PageColumns, index: number): void {
    switch (columns.kind[index]) {
      case PageEventKind.Alloc: {
        const kind = this.#held === false && this.#sinceTick !== null ? "reuse" : "alloc";
        this.#turn(columns, index, kind, true);
        return;
      }
      case PageEventKind.Free:
        this.#turn(columns, index, TrajectoryStepKind.Free, false);
        return;
      case PageEventKind.Drain:
        this.#move(columns, index, TrajectoryStepKind.Drain);
        return;
      default:
        this.#move(columns, index, TrajectoryStepKind.Refill);
    }
  }

  /** The frame is handed out or given back. */
  #turn(columns: PageColumns, index: number, kind: TrajectoryStepKind, held: boolean): void {
    const tick = columns.tick[index];
    const isBroken = this.#held === held;
    const known = isBroken || this.#held === null ? null : this.#sinceTick;
    // Times invert by microseconds: what is causal is never given a negative age.
    this.#push(columns, index, kind, known === null ? null : Math.max(0, tick - known), isBroken);
    this.#held = held;
    this.#sinceTick = tick;
  }

  /** The frame moves between lists while nobody holds it: if somebody seems to, its giving back was not seen. */
  #move(columns: PageColumns, index: number, kind: TrajectoryStepKind): void {
    const isBroken = this.#held === true;
    if (isBroken) this.#sinceTick = null;
    this.#held = false;
    if (this.#withLists) this.#push(columns, index, kind, null, isBroken);
  }

  #push(
    columns: PageColumns,
    index: number,
    kind: TrajectoryStepKind,
    sinceTicks: number | null,
    isBroken: boolean,
  ): void {
    this.#steps.push({
      kind,
      tick: columns.tick[index],
      first: columns.pfn[index],
      order: columns.order[index],
      migrateType: columns.migrateType[index],
      pid: columns.pid[index],
      cgroup: columns.cgroup[index],
      sinceTicks,
      isBroken,
      afterLoss: this.#afterLoss,
    });
    this.#afterLoss = false;
    if (this.#steps.length < 2 * this.#stepsMax) return;
    this.#omitted += this.#steps.length - this.#stepsMax;
    this.#steps = this.#steps.slice(-this.#stepsMax);
  }
}

/** The trajectory of a frame through batches of its node's page events, given in ring order. */
export function trajectoryOf(
  batches: Iterable<PageColumns>,
  pfn: number,
  options: TrajectoryOptions = {},
): readonly TrajectoryStep[] {
  const trajectory = new Trajectory(pfn, options);
  for (const columns of batches) trajectory.apply(columns);
  return trajectory.steps;
}
