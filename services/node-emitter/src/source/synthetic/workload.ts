import type { Random } from "@farmscope/domain";
import { MigrateType } from "./buddy.ts";
import { exponential, happens, pickWeighted } from "./chance.ts";
import type { WorkloadMix } from "./mixes.ts";
import type { PageAllocator } from "./page-allocator.ts";

/** A simulated process. */
export interface Task {
  readonly pid: number;
  readonly cgroup: number;
  readonly cpu: number;
  /** Its anonymous memory, newest last; see {@link pack}. */
  readonly memory: number[];
}

export const FIRST_CGROUP = 100;
export const CGROUPS = 6;
const TASKS = 24;
const FIRST_PID = 1000;
/** Most blocks given back in one burst, so that a burst stays short. */
const UNMAP_BLOCKS_MAX = 400;
const TOUCHED_PAGES_MAX = 200;

/**
 * Tasks that take and give memory in bursts: anonymous memory of tasks that come and go, page cache that is reclaimed
 * oldest first, buffers, slab pages that stay, huge pages and blocks too large for the per-CPU lists.
 */
export class Workload {
  /** Who runs now. */
  current: Task;
  readonly #allocator: PageAllocator;
  readonly #random: Random;
  readonly #mix: WorkloadMix;
  readonly #actions: readonly (readonly [weight: number, act: () => void])[];
  readonly #weights: readonly number[];
  readonly #tasks: Task[] = [];
  readonly #slabs: number[][] = [[], [], []];
  readonly #large: number[] = [];
  #cache: number[] = [];
  #cacheHead = 0;
  #lastPid = FIRST_PID;

  constructor(allocator: PageAllocator, random: Random, mix: WorkloadMix, cpus: number) {
    this.#allocator = allocator;
    this.#random = random;
    this.#mix = mix;
    this.#actions = this.#actionsOf(mix);
    this.#weights = this.#actions.map(([weight]) => weight);
    for (let index = 0; index < TASKS; index++) this.#tasks.push(this.#spawn(index % cpus));
    this.current = this.#tasks[0];
  }

  /** One task does one thing; at least one page event comes of it, unless there was nothing to give back. */
  burst(): void {
    this.current = this.#tasks[this.#random.nextInt(TASKS)];
    if (this.#allocator.fullness > this.#mix.fullnessMax) this.#reclaim();
    else this.#actions[pickWeighted(this.#random, this.#weights)][1]();
  }

  /** What a task may do, and how often. */
  #actionsOf(mix: WorkloadMix): (readonly [weight: number, act: () => void])[] {
    const touched = (): number => 1 + Math.min(TOUCHED_PAGES_MAX, Math.floor(exponential(this.#random, 40)));
    return [
      [mix.anonymous, () => this.#touch(touched(), 0)],
      [mix.pageCache, () => this.#readAhead()],
      [mix.buffers, () => this.#passBuffers()],
      [mix.slabGrow, () => this.#growSlab()],
      [mix.slabShrink, () => this.#shrinkSlab()],
      [mix.hugePage, () => this.#touch(1, 9)],
      [mix.largeBlock, () => this.#useLargeBlock()],
      [mix.unmap, () => this.#unmap(this.#tasks.indexOf(this.current))],
    ];
  }

  #touch(blocks: number, order: number): void {
    for (let block = 0; block < blocks; block++) {
      const frame = this.#take(order, MigrateType.Movable, true);
      if (frame >= 0) this.current.memory.push(pack(frame, order));
    }
  }

  #readAhead(): void {
    const order = happens(this.#random, 0.3) ? 2 : 0;
    const blocks = happens(this.#random, 0.5) ? 8 : 32;
    for (let block = 0; block < blocks; block++) {
      const frame = this.#take(order, MigrateType.Movable, true);
      if (frame >= 0) this.#cache.push(pack(frame, order));
    }
  }

  #passBuffers(): void {
    const order = [0, 0, 0, 1, 3][this.#random.nextInt(5)];
    const taken: number[] = [];
    for (let block = 1 + this.#random.nextInt(16); block > 0; block--) {
      const frame = this.#take(order, MigrateType.Unmovable, false);
      if (frame >= 0) taken.push(pack(frame, order));
    }
    for (const block of taken.reverse()) this.#give(block, MigrateType.Unmovable);
  }

  #growSlab(): void {
    const type = happens(this.#random, 0.5) ? MigrateType.Unmovable : MigrateType.Reclaimable;
    const order = this.#random.nextInt(4);
    for (let block = 1 + this.#random.nextInt(12); block > 0; block--) {
      const frame = this.#take(order, type, true);
      if (frame >= 0) this.#slabs[type].push(pack(frame, order));
    }
  }

  #shrinkSlab(): void {
    const type = happens(this.#random, 0.5) ? MigrateType.Unmovable : MigrateType.Reclaimable;
    const slabs = this.#slabs[type];
    for (let block = 1 + this.#random.nextInt(12); block > 0 && slabs.length > 0; block--) {
      const index = this.#random.nextInt(slabs.length);
      const last = slabs.pop() as number;
      const chosen = index === slabs.length ? last : slabs[index];
      if (index < slabs.length) slabs[index] = last;
      this.#give(chosen, type);
    }
  }

  #useLargeBlock(): void {
    if (this.#large.length > 8) this.#give(this.#large.shift() as number, MigrateType.Unmovable);
    const order = [4, 5, 6, 7, 8, 10][this.#random.nextInt(6)];
    const frame = this.#take(order, MigrateType.Unmovable, false);
    if (frame >= 0) this.#large.push(pack(frame, order));
  }

  /** The task gives back its newest memory; with the last of it, it ends and another begins. */
  #unmap(slot: number): void {
    const task = this.#tasks[slot];
    const blocks = Math.min(task.memory.length, 1 + this.#random.nextInt(UNMAP_BLOCKS_MAX));
    for (let block = 0; block < blocks; block++) this.#give(task.memory.pop() as number, MigrateType.Movable);
    if (task.memory.length === 0) this.#tasks[slot] = this.#spawn(task.cpu);
  }

  /** The oldest of the page cache goes first; without cache, the largest task gives memory back. */
  #reclaim(): void {
    const cached = this.#cache.length - this.#cacheHead;
    if (cached < 64) {
      this.#unmap(this.#largestTask());
      return;
    }
    for (let block = 32 + this.#random.nextInt(32); block > 0; block--) {
      this.#give(this.#cache[this.#cacheHead++], MigrateType.Movable);
    }
    if (this.#cacheHead * 2 > this.#cache.length) {
      this.#cache = this.#cache.slice(this.#cacheHead);
      this.#cacheHead = 0;
    }
  }

  #largestTask(): number {
    let largest = 0;
    for (let slot = 1; slot < TASKS; slot++) {
      if (this.#tasks[slot].memory.length > this.#tasks[largest].memory.length) largest = slot;
    }
    return largest;
  }

  #take(order: number, type: MigrateType, flagged: boolean): number {
    return this.#allocator.allocate(order, type, this.current.cpu, flagged);
  }

  #give(block: number, type: MigrateType): void {
    const order = block % 16;
    this.#allocator.free((block - order) / 16, order, type, this.current.cpu);
  }

  #spawn(cpu: number): Task {
    this.#lastPid += 1 + this.#random.nextInt(7);
    return { pid: this.#lastPid, cgroup: FIRST_CGROUP + this.#random.nextInt(CGROUPS), cpu, memory: [] };
  }
}

/** A block in one number: its first frame and its order. */
function pack(frame: number, order: number): number {
  return frame * 16 + order;
}
