import { PageColumns, RunqColumns } from "@farmscope/domain";

/** Events that a buffer holds at first; it doubles, because a fleet of quiet nodes must not pay for a storm. */
const CAPACITY_MIN = 256;

/** Page events of one open batch: columns that grow up to `capacityMax` events. */
export class PageBuffer {
  readonly #capacityMax: number;
  columns: PageColumns;
  /** Smallest tick inside; Infinity when empty. */
  tickMin = Number.POSITIVE_INFINITY;

  constructor(capacityMax: number) {
    this.#capacityMax = capacityMax;
    this.columns = new PageColumns(Math.min(CAPACITY_MIN, capacityMax));
  }

  /** Copies events [at, at + count) of `from`; the buffer must have room. */
  append(from: PageColumns, at: number, count: number): void {
    this.#grow(this.columns.length + count);
    this.tickMin = Math.min(this.tickMin, smallest(from.tick, at, count));
    copyPages(from, at, count, this.columns);
  }

  clear(): void {
    this.columns.length = 0;
    this.tickMin = Number.POSITIVE_INFINITY;
  }

  #grow(length: number): void {
    if (length <= this.columns.capacity) return;
    const larger = new PageColumns(grownCapacity(this.columns.capacity, length, this.#capacityMax));
    copyPages(this.columns, 0, this.columns.length, larger);
    this.columns = larger;
  }
}

/** Run-queue events of one open batch; like {@link PageBuffer}. */
export class RunqBuffer {
  readonly #capacityMax: number;
  columns: RunqColumns;
  tickMin = Number.POSITIVE_INFINITY;

  constructor(capacityMax: number) {
    this.#capacityMax = capacityMax;
    this.columns = new RunqColumns(Math.min(CAPACITY_MIN, capacityMax));
  }

  append(from: RunqColumns, at: number, count: number): void {
    this.#grow(this.columns.length + count);
    this.tickMin = Math.min(this.tickMin, smallest(from.tick, at, count));
    copyRunq(from, at, count, this.columns);
  }

  clear(): void {
    this.columns.length = 0;
    this.tickMin = Number.POSITIVE_INFINITY;
  }

  #grow(length: number): void {
    if (length <= this.columns.capacity) return;
    const larger = new RunqColumns(grownCapacity(this.columns.capacity, length, this.#capacityMax));
    copyRunq(this.columns, 0, this.columns.length, larger);
    this.columns = larger;
  }
}

function grownCapacity(capacity: number, length: number, max: number): number {
  return Math.min(max, Math.max(2 * capacity, length));
}

function smallest(values: Float64Array, at: number, count: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = at; i < at + count; i++) if (values[i] < least) least = values[i];
  return least;
}

function copyPages(from: PageColumns, at: number, count: number, to: PageColumns): void {
  const end = at + count;
  to.tick.set(from.tick.subarray(at, end), to.length);
  to.pfn.set(from.pfn.subarray(at, end), to.length);
  to.pid.set(from.pid.subarray(at, end), to.length);
  to.cgroup.set(from.cgroup.subarray(at, end), to.length);
  to.kind.set(from.kind.subarray(at, end), to.length);
  to.order.set(from.order.subarray(at, end), to.length);
  to.migrateType.set(from.migrateType.subarray(at, end), to.length);
  to.length += count;
}

function copyRunq(from: RunqColumns, at: number, count: number, to: RunqColumns): void {
  const end = at + count;
  to.tick.set(from.tick.subarray(at, end), to.length);
  to.delayNs.set(from.delayNs.subarray(at, end), to.length);
  to.pid.set(from.pid.subarray(at, end), to.length);
  to.cgroup.set(from.cgroup.subarray(at, end), to.length);
  to.cpu.set(from.cpu.subarray(at, end), to.length);
  to.previousPid.set(from.previousPid.subarray(at, end), to.length);
  to.length += count;
}
