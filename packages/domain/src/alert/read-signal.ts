/** How each signal is read of a farm, a node or a watched server. Every reading says how sure it is. */
import type { FarmWindow, OrderMemory, RedisGauges } from "@farmscope/proto";
import {
  externalFragmentationIndex,
  farmFragmentationRate,
  unusableFreeSpaceIndex,
  usablePagesOf,
} from "../page/measures.ts";
import { CLOSE_DELAY_MS } from "../window/window-time.ts";
import type { NodeSight } from "./node-sight.ts";
import { boundedRatio, exactValue, insufficient, type Reading } from "./reading.ts";
import type { SignalName } from "./signals.ts";
import type { ClosedWindow } from "./window-history.ts";

type Order = "huge" | number;
const US_PER_MS = 1000;

/** A single value of a farm. */
export function readFarmValue(signal: SignalName, order: Order, window: ClosedWindow): Reading {
  const { record } = window;
  const { coverage } = record;
  switch (signal) {
    case "unusable_free_space_index":
      return ofOrder(record, order, (line) => boundedRatio(line.unusableIndex, coverage));
    case "external_fragmentation_index":
      return ofOrder(record, order, ({ order: wanted }) => indexReading(blocksOf(record), wanted, coverage));
    case "free_blocks":
      return ofOrder(record, order, (line) => countReading(Number(line.usablePages) / 2 ** line.order, coverage));
    case "farm_fragmentation_rate":
      if (record.managedPages === 0n) return insufficient("NoData", coverage);
      return boundedRatio(record.farmFragmentationRate, coverage);
    case "emitter_loss":
      return lossReading([record.pages, record.runq, record.gc]);
    case "coverage":
      return exactValue(coverage);
    case "consumer_lag":
      return exactValue(Math.max(0, window.appendedAtMs - window.endMs - CLOSE_DELAY_MS) * US_PER_MS);
    case "node_offline":
      return exactValue(record.nodesKnown - record.nodesOnline);
    default:
      return insufficient("NoData", coverage);
  }
}

/** A single value of a node. That it is silent, or badly seen, can be said of any; all else only of one that is there. */
export function readNodeValue(signal: SignalName, order: Order, sight: NodeSight): Reading {
  if (signal === "node_offline") return exactValue(sight.online ? 0 : 1);
  if (!sight.online) return insufficient("NodeOffline");
  if (signal === "coverage") return exactValue(sight.coverage);
  if (signal === "clock_skew") {
    return sight.skewMs === null ? insufficient("NoData") : exactValue(Math.abs(sight.skewMs) * US_PER_MS);
  }
  if (signal === "emitter_loss") {
    const events = sight.events();
    return events === null ? insufficient("NoData") : shareReading(events.lost, events.in);
  }
  return readNodeMemory(signal, order, sight);
}

function readNodeMemory(signal: SignalName, order: Order, sight: NodeSight): Reading {
  const { coverage, hugeOrder, indexHuge } = sight;
  const wanted = order === "huge" ? hugeOrder : order;
  const memory = sight.memory();
  if (memory === null) {
    if (signal !== "unusable_free_space_index" || indexHuge === null) return insufficient("NoData", coverage);
    return wanted === hugeOrder ? boundedRatio(indexHuge, coverage) : insufficient("OrderUnknown", coverage);
  }
  const { freeBlocks, contiguousPages, managedPages } = memory;
  if (signal === "farm_fragmentation_rate") {
    return boundedRatio(farmFragmentationRate(contiguousPages, managedPages), coverage);
  }
  if (wanted >= freeBlocks.length) return insufficient("OrderUnknown", coverage);
  switch (signal) {
    case "unusable_free_space_index":
      return boundedRatio(unusableFreeSpaceIndex(freeBlocks, wanted), coverage);
    case "external_fragmentation_index":
      return indexReading(freeBlocks, wanted, coverage);
    case "free_blocks":
      return countReading(usablePagesOf(freeBlocks, wanted) / 2 ** wanted, coverage);
    default:
      return insufficient("NoData", coverage);
  }
}

/** A single value of a watched Redis server. */
export function readRedisValue(signal: SignalName, gauges: RedisGauges): Reading {
  if (signal === "redis_unanswered") return exactValue(gauges.answered ? 0 : 1);
  if (!gauges.answered) return insufficient("NotAnswered");
  switch (signal) {
    case "redis_mem_fragmentation_ratio":
      return exactValue(gauges.memFragmentationRatio);
    case "redis_mem_fragmentation_bytes":
      return exactValue(Number(gauges.memFragmentationBytes));
    case "redis_allocator_frag_ratio":
      return gauges.allocatorFragRatio === 0 ? insufficient("NoData") : exactValue(gauges.allocatorFragRatio);
    default:
      return insufficient("NoData");
  }
}

function ofOrder(record: FarmWindow, order: Order, read: (line: OrderMemory) => Reading): Reading {
  const wanted = order === "huge" ? record.hugeOrder : order;
  if (record.managedPages === 0n) return insufficient("NoData", record.coverage);
  const line = record.orders.find((candidate) => candidate.order === wanted);
  return line === undefined ? insufficient("OrderUnknown", record.coverage) : read(line);
}

function blocksOf(record: FarmWindow): number[] {
  const blocks: number[] = [];
  for (const { order, freeBlocks } of record.orders) blocks[order] = Number(freeBlocks);
  return Array.from(blocks, (count) => count ?? 0);
}

/** A single block that was not seen would make the index -1, and many small ones would bring it close to 1. */
function indexReading(blocks: readonly number[], order: number, coverage: number): Reading {
  const value = externalFragmentationIndex(blocks, order);
  if (coverage >= 1) return exactValue(value);
  return { kind: "value", value, lower: -1, upper: 1, coverage };
}

/** What was seen is there; what was not may be any number. */
function countReading(count: number, coverage: number): Reading {
  const value = Math.floor(count);
  return { kind: "value", value, lower: value, upper: coverage >= 1 ? value : Number.POSITIVE_INFINITY, coverage };
}

function lossReading(balances: readonly ({ readonly in: bigint; readonly lost: bigint } | undefined)[]): Reading {
  let lost = 0;
  let total = 0;
  for (const balance of balances) {
    lost += Number(balance?.lost ?? 0n);
    total += Number(balance?.in ?? 0n);
  }
  return shareReading(lost, total);
}

function shareReading(part: number, whole: number): Reading {
  return exactValue(whole === 0 ? 0 : part / whole);
}
