/**
 * What happens to a page frame. The numbers are those of bpf/include/wire.h and of the wire format.
 * Source of the state machine: the tracepoints kmem:mm_page_alloc, mm_page_free, mm_page_pcpu_drain,
 * mm_page_alloc_zone_locked, mm_page_alloc_extfrag (include/trace/events/kmem.h, Linux 6.18).
 */
export const PageEventKind = {
  /** Handed out: the block is allocated. */
  Alloc: 0,
  /** Given back: to a per-CPU list when its order is kept there, else to the buddy allocator. */
  Free: 1,
  /** From a per-CPU list to the buddy allocator. */
  Drain: 2,
  /** From the buddy allocator to a per-CPU list (mm_page_alloc_zone_locked). */
  Refill: 3,
  /** Taken from another migrate type (mm_page_alloc_extfrag); on its way to a per-CPU list like Refill. */
  Extfrag: 4,
} as const;
export type PageEventKind = (typeof PageEventKind)[keyof typeof PageEventKind];
export const PAGE_EVENT_KINDS = 5;

/** Most page events in one batch. */
export const PAGE_EVENTS_MAX = 4096;

/**
 * Page events as a struct of arrays, in ring order. Owned by whoever made it; reused between batches: copy what is kept.
 */
export class PageColumns {
  /** Number of events that are valid. */
  length = 0;
  readonly capacity: number;
  /** Ticks of CLOCK_MONOTONIC, absolute (not sorted: ring order is causal, times invert by microseconds). */
  readonly tick: Float64Array;
  readonly pfn: Uint32Array;
  /** Process that caused it (thread group id). */
  readonly pid: Uint32Array;
  /** Low 32 bits of its cgroup's id. */
  readonly cgroup: Uint32Array;
  readonly kind: Uint8Array;
  readonly order: Uint8Array;
  readonly migrateType: Uint8Array;

  /** @param columns its arrays, of this capacity; made anew unless given. */
  constructor(capacity: number = PAGE_EVENTS_MAX, columns: PageColumnArrays = arraysOf(capacity)) {
    this.capacity = capacity;
    this.tick = columns.tick;
    this.pfn = columns.pfn;
    this.pid = columns.pid;
    this.cgroup = columns.cgroup;
    this.kind = columns.kind;
    this.order = columns.order;
    this.migrateType = columns.migrateType;
  }
}

export type PageColumnArrays = Pick<PageColumns, "tick" | "pfn" | "pid" | "cgroup" | "kind" | "order" | "migrateType">;

function arraysOf(capacity: number): PageColumnArrays {
  return {
    tick: new Float64Array(capacity),
    pfn: new Uint32Array(capacity),
    pid: new Uint32Array(capacity),
    cgroup: new Uint32Array(capacity),
    kind: new Uint8Array(capacity),
    order: new Uint8Array(capacity),
    migrateType: new Uint8Array(capacity),
  };
}
