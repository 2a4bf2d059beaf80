import {
  create,
  type FarmNode,
  FarmNodeSchema,
  type FarmWindow,
  FarmWindowSchema,
  type NodeWindow,
  type OrderMemory,
  OrderMemorySchema,
  toBinary,
  type ZoneMemory,
} from "@farmscope/proto";
import { balanceFromProto, balanceToProto, sumBalances } from "../balance.ts";
import { SignalSet } from "../node/signal-set.ts";
import {
  addFreeBlocks,
  CONTIGUOUS_ZONE,
  contiguousPagesOf,
  farmFragmentationRate,
  unusableFreeSpaceIndex,
  usablePagesOf,
} from "../page/measures.ts";
import { WINDOW_MS } from "./window-time.ts";

/** A farm of more nodes has no distribution in each node's line, so that its record stays below the broker's message limit. */
export const FARM_NODES_WITH_DISTRIBUTIONS_MAX = 256;

export interface FarmWindowInput {
  readonly farm: string;
  readonly startMs: number;
  readonly revision: number;
  /** The farm's nodes in the window, any order. */
  readonly nodes: readonly NodeWindow[];
  readonly partitionsUsed: readonly number[];
  readonly partitionsMissing: readonly number[];
}

/**
 * A farm's record of a window: ratios of sums over its nodes, the worst node beside them. Memory counts the nodes that
 * were online and observed; all others lower the coverage. Nodes that have left count with what they measured before.
 */
export function farmWindow(input: FarmWindowInput): FarmWindow {
  const nodes = [...input.nodes].sort((a, b) => (a.node < b.node ? -1 : Number(a.node > b.node)));
  const present = nodes.filter((node) => !node.left);
  const counted = present.filter((node) => node.online && node.observed);
  const zones = counted.flatMap((node) => node.zones);
  const signals = new SignalSet();
  for (const node of nodes) signals.addProto(node.distributions);
  const managedPages = sum(zones, (zone) => zone.managed);
  const contiguousPages = contiguousPagesOf(freeBlocksOf(zones.filter((zone) => zone.name === CONTIGUOUS_ZONE)));
  return create(FarmWindowSchema, {
    farm: input.farm,
    widthMs: WINDOW_MS,
    startMs: BigInt(input.startMs),
    revision: input.revision,
    nodesOnline: present.filter((node) => node.online).length,
    nodesKnown: present.length,
    freePages: BigInt(sum(zones, (zone) => zone.freePages)),
    managedPages: BigInt(managedPages),
    orders: ordersOf(counted, freeBlocksOf(zones)),
    hugeOrder: counted.reduce((greatest, node) => Math.max(greatest, node.hugeOrder), 0),
    distributions: signals.toProto(),
    coverage: coverageOfFarm(nodes, input),
    partitionsUsed: [...input.partitionsUsed],
    partitionsMissing: [...input.partitionsMissing],
    nodes: present.map((node) => farmNode(node, present.length <= FARM_NODES_WITH_DISTRIBUTIONS_MAX)),
    contiguousPages: BigInt(contiguousPages),
    farmFragmentationRate: farmFragmentationRate(contiguousPages, managedPages),
    ...balancesOf(nodes),
  });
}

/** Free blocks by order, over several zones. */
function freeBlocksOf(zones: readonly ZoneMemory[]): number[] {
  const blocks: number[] = [];
  for (const zone of zones) addFreeBlocks(blocks, zone.freeBlocks);
  return blocks;
}

function ordersOf(nodes: readonly NodeWindow[], blocks: readonly number[]): OrderMemory[] {
  return blocks.map((freeBlocks, order) => {
    const worst = worstNode(nodes, order);
    return create(OrderMemorySchema, {
      order,
      freeBlocks: BigInt(freeBlocks),
      usablePages: BigInt(usablePagesOf(blocks, order)),
      unusableIndex: unusableFreeSpaceIndex(blocks, order),
      worstNode: worst.node,
      worstUnusableIndex: worst.index,
    });
  });
}

/** The node with the greatest index; the first by id among equals. */
function worstNode(nodes: readonly NodeWindow[], order: number): { readonly node: string; readonly index: number } {
  let worst = { node: "", index: -1 };
  for (const node of nodes) {
    const index = unusableFreeSpaceIndex(freeBlocksOf(node.zones), order);
    if (index > worst.index) worst = { node: node.node, index };
  }
  return worst;
}

function farmNode(node: NodeWindow, withDistributions: boolean): FarmNode {
  return create(FarmNodeSchema, {
    node: node.node,
    online: node.online,
    unusableIndexHuge: unusableFreeSpaceIndex(freeBlocksOf(node.zones), node.hugeOrder),
    freePages: BigInt(sum(node.zones, (zone) => zone.freePages)),
    managedPages: BigInt(sum(node.zones, (zone) => zone.managed)),
    coverage: nodeCoverage(node),
    distributions: withDistributions ? node.distributions : [],
  });
}

function nodeCoverage(node: NodeWindow): number {
  return node.left || (node.online && node.observed) ? node.coverage : 0;
}

/** The mean of the nodes' coverage, less the share of partitions that said nothing: nobody knows what nodes they hold. */
function coverageOfFarm(nodes: readonly NodeWindow[], input: FarmWindowInput): number {
  if (nodes.length === 0) return 0;
  const used = input.partitionsUsed.length;
  const partitions = used + input.partitionsMissing.length;
  return (sum(nodes, nodeCoverage) / nodes.length) * (used / partitions);
}

function balancesOf(nodes: readonly NodeWindow[]) {
  const total = (of: "pages" | "runq" | "gc") =>
    balanceToProto(sumBalances(nodes.map((node) => balanceFromProto(node[of]))));
  return { pages: total("pages"), runq: total("runq"), gc: total("gc") };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

export function encodeFarmWindow(window: FarmWindow): Uint8Array {
  return toBinary(FarmWindowSchema, window);
}
