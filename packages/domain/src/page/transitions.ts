/**
 * The state machine of a page block: what each event makes of it, and from which states that is expected.
 *
 *               refill, extfrag               alloc
 *      free ----------------------> per-CPU ---------> allocated
 *       ^  <------- drain ---------    ^  <--- free ----   |
 *       |                              (orders kept there) |
 *       +--------------------- free (other orders) <-------+
 *
 * An event sets its block's state whatever it was: from an unexpected one it is counted as an anomaly.
 */
import { PAGE_EVENT_KINDS, PageEventKind } from "./columns.ts";
import { type KnownState, ORDERS_MAX, PageState } from "./page-state.ts";

/** Kinds of anomaly, in the order of PageAnomalies in proto/farmscope/view/v1/view.proto. */
export const PageAnomaly = {
  AllocOfFreeBuddy: 0,
  FreeOfFree: 1,
  FreeOfPcp: 2,
  DrainOfAllocated: 3,
  DrainOfFree: 4,
  RefillOfAllocated: 5,
  RefillOfPcp: 6,
  /** Outside of all zones, or not a block that could be there. */
  OutOfRange: 7,
} as const;
export type PageAnomaly = (typeof PageAnomaly)[keyof typeof PageAnomaly];
export const PAGE_ANOMALIES = 8;

const NO_ANOMALY = -1;
/** Sets of states: a bit for each. */
export const STATE_SETS = 16;

/** Unexpected states of each kind, the worse first: an event counts for the first that any of its frames was in. */
const UNEXPECTED: Record<PageEventKind, readonly (readonly [PageState, PageAnomaly])[]> = {
  [PageEventKind.Alloc]: [[PageState.Free, PageAnomaly.AllocOfFreeBuddy]],
  [PageEventKind.Free]: [
    [PageState.Free, PageAnomaly.FreeOfFree],
    [PageState.PerCpu, PageAnomaly.FreeOfPcp],
  ],
  [PageEventKind.Drain]: [
    [PageState.Allocated, PageAnomaly.DrainOfAllocated],
    [PageState.Free, PageAnomaly.DrainOfFree],
  ],
  [PageEventKind.Refill]: [
    [PageState.Allocated, PageAnomaly.RefillOfAllocated],
    [PageState.PerCpu, PageAnomaly.RefillOfPcp],
  ],
  [PageEventKind.Extfrag]: [
    [PageState.Allocated, PageAnomaly.RefillOfAllocated],
    [PageState.PerCpu, PageAnomaly.RefillOfPcp],
  ],
};

/** The anomaly of an event whose frames were in the states `held`, at kind x STATE_SETS + held; -1 for none. */
export const ANOMALY_NUMBERS: Int8Array = anomalyTable();

/** Where {@link nextStates} has the state that an event gives its block. */
export function nextStateIndex(kind: number, order: number): number {
  return kind * ORDERS_MAX + order;
}

/**
 * State that each kind of event gives a block of each order.
 * @param pcpOrderMask bit o is set when blocks of order o are freed to per-CPU lists.
 */
export function nextStates(pcpOrderMask: number): Uint8Array {
  const table = new Uint8Array(PAGE_EVENT_KINDS * ORDERS_MAX);
  for (let order = 0; order < ORDERS_MAX; order++) {
    const keptByCpu = ((pcpOrderMask >>> order) & 1) === 1;
    const next: Record<PageEventKind, KnownState> = {
      [PageEventKind.Alloc]: PageState.Allocated,
      [PageEventKind.Free]: keptByCpu ? PageState.PerCpu : PageState.Free,
      [PageEventKind.Drain]: PageState.Free,
      [PageEventKind.Refill]: PageState.PerCpu,
      [PageEventKind.Extfrag]: PageState.PerCpu,
    };
    for (const kind of Object.values(PageEventKind)) table[nextStateIndex(kind, order)] = next[kind];
  }
  return table;
}

function anomalyTable(): Int8Array {
  const table = new Int8Array(PAGE_EVENT_KINDS * STATE_SETS).fill(NO_ANOMALY);
  for (const kind of Object.values(PageEventKind)) {
    for (let held = 0; held < STATE_SETS; held++) {
      const found = UNEXPECTED[kind].find(([state]) => ((held >>> state) & 1) === 1);
      if (found !== undefined) table[kind * STATE_SETS + held] = found[1];
    }
  }
  return table;
}
