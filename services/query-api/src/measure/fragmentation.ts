import type { FarmWindow, NodeWindow } from "@farmscope/proto";
import type { Period } from "../period.ts";
import type { Started } from "../read/views.ts";
import type { FragmentationPoint, NodeFragmentationAnswer } from "../schemas/index.ts";
import { type FreeMemory, freeMemoryOf, freePages, orderMemory } from "./free-memory.ts";
import { byStep } from "./latency.ts";
import { meanShare, num, share } from "./number.ts";

/**
 * Points of a farm's fragmentation at one order. Memory is a state, not a flow: a point shows the last window of its
 * step, with the coverage of all of them.
 */
export function farmPoints(
  windows: readonly Started<FarmWindow>[],
  order: number,
  period: Period,
): FragmentationPoint[] {
  return [...byStep(windows, period)].map(([startMs, group]) => {
    const { window } = group.at(-1)!;
    const at = window.orders.find((entry) => entry.order === order);
    return {
      startMs,
      freePages: num(window.freePages),
      managedPages: num(window.managedPages),
      freeBlocks: num(at?.freeBlocks ?? 0n),
      usablePages: num(at?.usablePages ?? 0n),
      unusableIndex: share(at?.unusableIndex ?? 0),
      worstNode: at?.worstNode || null,
      worstUnusableIndex: at === undefined ? null : share(at.worstUnusableIndex),
      farmFragmentationRate: window.farmFragmentationRate,
      coverage: meanShare(group.map((entry) => share(entry.window.coverage))),
    };
  });
}

/** One node's part of a farm's window. */
export interface NodePart {
  readonly node: string;
  readonly window: NodeWindow;
}

/**
 * Points of one zone over a farm's nodes, which farm windows do not hold: sums over the nodes' own windows.
 * @param windows the windows of every node of the farm, in any order.
 */
export function zonePoints(
  windows: readonly Started<NodePart>[],
  where: { readonly order: number; readonly zone: string },
  period: Period,
): FragmentationPoint[] {
  const steps = byStep(
    [...windows].sort((a, b) => a.startMs - b.startMs),
    period,
  );
  return [...steps].map(([startMs, group]) => {
    const lastStartMs = group.at(-1)!.startMs;
    const parts = group.filter((entry) => entry.startMs === lastStartMs).map((entry) => entry.window);
    return zonePoint(startMs, parts, where, meanShare(group.map((entry) => share(entry.window.window.coverage))));
  });
}

function zonePoint(
  startMs: number,
  parts: readonly NodePart[],
  { order, zone }: { readonly order: number; readonly zone: string },
  coverage: number,
): FragmentationPoint {
  const sum = freeMemoryOf(
    parts.flatMap((part) => part.window.zones),
    zone,
  );
  const nodes = parts.map(({ node, window }) => ({ node, ...orderMemory(freeMemoryOf(window.zones, zone), order) }));
  const worst = nodes.reduce<(typeof nodes)[number] | null>(
    (found, next) => (found === null || next.unusableIndex > found.unusableIndex ? next : found),
    null,
  );
  const { freeBlocks, usablePages, unusableIndex } = orderMemory(sum, order);
  return {
    startMs,
    freePages: freePages(sum),
    managedPages: sum.managedPages,
    freeBlocks,
    usablePages,
    unusableIndex,
    worstNode: worst?.node ?? null,
    worstUnusableIndex: worst?.unusableIndex ?? null,
    farmFragmentationRate: null,
    coverage,
  };
}

/** A node's series, one for each of `orders`. */
export function nodeSeries(
  windows: readonly Started<NodeWindow>[],
  orders: readonly number[],
  zone: string | undefined,
  period: Period,
): NodeFragmentationAnswer["series"] {
  const steps = [...byStep(windows, period)].map(([startMs, group]) => ({
    startMs,
    memory: freeMemoryOf(group.at(-1)!.window.zones, zone),
    coverage: meanShare(group.map((entry) => share(entry.window.coverage))),
  }));
  return orders.map((order) => ({ order, points: steps.map((step) => nodePoint(step, order)) }));
}

function nodePoint(step: { startMs: number; memory: FreeMemory; coverage: number }, order: number) {
  const { freeBlocks, usablePages, unusableIndex } = orderMemory(step.memory, order);
  const { startMs, coverage } = step;
  return { startMs, freeBlocks, freePages: freePages(step.memory), usablePages, unusableIndex, coverage };
}
