import type { FarmWindow, OrderMemory as OrderView } from "@farmscope/proto";
import { rfc3339 } from "../period.ts";
import type { FarmAnswer, FarmSummary, LiveWindow, OrderMemory } from "../schemas/index.ts";
import { balancesOf } from "./balances.ts";
import { latencySummaries } from "./latency.ts";
import { num, share } from "./number.ts";

/** The moment that a closed window stands for: its end. */
export function endOf(window: FarmWindow): number {
  return num(window.startMs) + window.widthMs;
}

export function farmSummary(window: FarmWindow): FarmSummary {
  const huge = window.orders.find((entry) => entry.order === window.hugeOrder);
  return {
    farm: window.farm,
    nodesOnline: window.nodesOnline,
    nodesKnown: window.nodesKnown,
    freePages: num(window.freePages),
    managedPages: num(window.managedPages),
    hugeOrder: window.hugeOrder,
    unusableIndex: huge === undefined ? null : share(huge.unusableIndex),
    worstNode: huge?.worstNode || null,
    worstUnusableIndex: huge === undefined ? null : share(huge.worstUnusableIndex),
    farmFragmentationRate: window.farmFragmentationRate,
    coverage: share(window.coverage),
    windowStartMs: num(window.startMs),
    windowWidthMs: window.widthMs,
    latency: latencySummaries(window),
  };
}

export function farmAnswer(window: FarmWindow): FarmAnswer {
  return {
    at: rfc3339(endOf(window)),
    ...farmSummary(window),
    contiguousPages: num(window.contiguousPages),
    orders: window.orders.map(farmOrder),
    partitionsUsed: window.partitionsUsed,
    partitionsMissing: window.partitionsMissing,
    balances: balancesOf(window),
    nodes: window.nodes.map((node) => ({
      node: node.node,
      online: node.online,
      unusableIndex: share(node.unusableIndexHuge),
      freePages: num(node.freePages),
      managedPages: num(node.managedPages),
      coverage: share(node.coverage),
    })),
  };
}

/** A closed window as the live stream tells it. */
export function liveWindow(window: FarmWindow): LiveWindow {
  return {
    at: rfc3339(endOf(window)),
    coverage: share(window.coverage),
    farm: window.farm,
    startMs: num(window.startMs),
    widthMs: window.widthMs,
    revision: window.revision,
    orders: window.orders.map(farmOrder),
    latency: latencySummaries(window),
  };
}

function farmOrder(order: OrderView): OrderMemory {
  return {
    order: order.order,
    freeBlocks: num(order.freeBlocks),
    usablePages: num(order.usablePages),
    unusableIndex: share(order.unusableIndex),
    worstNode: order.worstNode,
    worstUnusableIndex: share(order.worstUnusableIndex),
  };
}
