import { MIGRATE_TYPES } from "./buddy.ts";

/** Orders that a per-CPU list keeps: pcp_allowed_order, mm/page_alloc.c: up to PAGE_ALLOC_COSTLY_ORDER, and huge pages. */
export const PER_CPU_ORDERS: readonly number[] = [0, 1, 2, 3, 9];
export const PER_CPU_ORDER_MASK = PER_CPU_ORDERS.reduce((mask, order) => mask | (1 << order), 0);

/** Pages moved at once between a list and the buddy allocator (pcp->batch on a machine of more than 1 GiB a CPU). */
const BATCH_PAGES = 63;
/** Pages at which a list is drained (pcp->high). */
const HIGH_PAGES = 4 * BATCH_PAGES;

export function isPerCpuOrder(order: number): boolean {
  return ((PER_CPU_ORDER_MASK >> order) & 1) === 1;
}

/** Blocks of `order` that are moved at once. */
export function blocksPerBatch(order: number): number {
  return order === 9 ? 1 : Math.max(2, BATCH_PAGES >> order);
}

/** Blocks of `order` above which a list is drained. */
export function blocksMax(order: number): number {
  return order === 9 ? 2 : HIGH_PAGES >> order;
}

/** The free pages that each CPU keeps for itself: a stack of blocks for each CPU, migrate type and order. */
export class PerCpuLists {
  readonly cpus: number;
  readonly #stacks: number[][] = [];

  constructor(cpus: number) {
    this.cpus = cpus;
    const stacks = cpus * MIGRATE_TYPES * PER_CPU_ORDERS.length;
    for (let stack = 0; stack < stacks; stack++) this.#stacks.push([]);
  }

  /** The stack, hottest block last; owned by this object, changed by the caller. */
  stack(cpu: number, type: number, order: number): number[] {
    return this.#stacks[(cpu * MIGRATE_TYPES + type) * PER_CPU_ORDERS.length + PER_CPU_ORDERS.indexOf(order)];
  }

  /** Pages on all lists. O(CPUs). */
  pages(): number {
    let pages = 0;
    for (const [index, stack] of this.#stacks.entries()) {
      pages += stack.length * 2 ** PER_CPU_ORDERS[index % PER_CPU_ORDERS.length];
    }
    return pages;
  }
}
