import { PAGE_EVENTS_MAX, type PageColumns } from "../page/columns.ts";

/**
 * Page events as runs of one context: who (pid, cgroup) did what (kind, order, migrate type). Consumers that only care
 * for the context work once a run instead of once an event. Reused between batches: copy what is kept.
 */
export class PageRuns {
  /** Number of runs that are valid. */
  length = 0;
  /** Number of contexts that are valid. */
  contexts = 0;
  readonly capacity: number;
  /** By run: its context, and the index of the event behind its last one. */
  readonly context: Uint32Array;
  readonly end: Uint32Array;
  /** By context, in order of first appearance. */
  readonly pid: Uint32Array;
  readonly cgroup: Uint32Array;
  readonly kind: Uint8Array;
  readonly order: Uint8Array;
  readonly migrateType: Uint8Array;
  /** Open addressing over contexts: context + 1, 0 where empty. At most half full. */
  readonly #slots: Uint32Array;
  readonly #slotShift: number;

  /** @param capacity most events in a batch, and so most runs and contexts. */
  constructor(capacity: number = PAGE_EVENTS_MAX) {
    this.capacity = capacity;
    this.context = new Uint32Array(capacity);
    this.end = new Uint32Array(capacity);
    this.pid = new Uint32Array(capacity);
    this.cgroup = new Uint32Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.order = new Uint8Array(capacity);
    this.migrateType = new Uint8Array(capacity);
    const slotBits = Math.ceil(Math.log2(2 * Math.max(8, capacity)));
    this.#slots = new Uint32Array(2 ** slotBits);
    this.#slotShift = 32 - slotBits;
  }

  /** Finds the runs and contexts of `columns`, of which there may be at most `capacity` events. */
  scan(columns: PageColumns): void {
    const { pid, cgroup, kind, order, migrateType, length } = columns;
    this.length = 0;
    this.contexts = 0;
    this.#slots.fill(0);
    let start = 0;
    while (start < length) {
      const who = pid[start];
      const group = cgroup[start];
      const what = kind[start];
      const size = order[start];
      const type = migrateType[start];
      let end = start + 1;
      while (
        end < length &&
        pid[end] === who &&
        order[end] === size &&
        kind[end] === what &&
        cgroup[end] === group &&
        migrateType[end] === type
      ) {
        end++;
      }
      this.context[this.length] = this.#contextOf(who, group, what, size, type);
      this.end[this.length++] = end;
      start = end;
    }
  }

  #contextOf(pid: number, cgroup: number, kind: number, order: number, migrateType: number): number {
    const small = kind | (migrateType << 8) | (order << 16);
    const hash = Math.imul(pid, 0x9e3779b1) ^ Math.imul(cgroup, 0x85ebca6b) ^ Math.imul(small, 0xc2b2ae35);
    const slots = this.#slots;
    let slot = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> this.#slotShift;
    for (;;) {
      const context = slots[slot] - 1;
      if (context < 0) break;
      if (
        this.pid[context] === pid &&
        this.cgroup[context] === cgroup &&
        this.kind[context] === kind &&
        this.order[context] === order &&
        this.migrateType[context] === migrateType
      ) {
        return context;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    const context = this.contexts++;
    slots[slot] = context + 1;
    this.pid[context] = pid;
    this.cgroup[context] = cgroup;
    this.kind[context] = kind;
    this.order[context] = order;
    this.migrateType[context] = migrateType;
    return context;
  }
}
