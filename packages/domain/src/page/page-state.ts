/** What a page frame is, as far as is known. The numbers are those of packages/domain/src/wire/page-map-runs.ts. */
export const PageState = {
  /** A hole, not initialised yet, or never observed. */
  Unknown: 0,
  /** In a free block of the buddy allocator. */
  Free: 1,
  /** Handed out. */
  Allocated: 2,
  /** Taken from the buddy allocator but not handed out: on a per-CPU list. */
  PerCpu: 3,
} as const;
export type PageState = (typeof PageState)[keyof typeof PageState];
export const PAGE_STATES = 4;

/** A state that a block can be given. */
export type KnownState = Exclude<PageState, typeof PageState.Unknown>;

/** A set of states, as bits: 1 << state for each member. */
export type PageStateSet = number;

/** One more than the largest order that any format or table here has room for. */
export const ORDERS_MAX = 16;

/** State and order of a block in one byte: state + 4 x order, 0 where nothing is known. */
export function stateOfByte(byte: number): PageState {
  return (byte & 3) as PageState;
}

export function orderOfByte(byte: number): number {
  return byte >>> 2;
}
