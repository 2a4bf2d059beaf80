import { zstdCompressSync } from "node:zlib";
import { FOLD_VERSION, nodeView } from "@farmscope/domain";
import {
  create,
  FarmViewSchema,
  NodeViewSchema,
  type PageMapView,
  PageMapViewSchema,
  toBinary,
} from "@farmscope/proto";
import type { MergeState } from "./merge-state.ts";
import type { PartitionNode, PartitionState } from "./partition-state.ts";
import type { ViewWrite } from "./pending.ts";

/** A node's current view, as it goes into the store. */
export function nodeViewOf({ settings }: PartitionState, { fold, online, order }: PartitionNode): ViewWrite {
  const { keys, partition } = settings;
  const view = nodeView(fold, { partition, online, heldBatches: order.held });
  return { key: keys.node(partition, fold.node), value: toBinary(NodeViewSchema, view) };
}

/** A node's page map as it is now. Cost: one pass over the map. */
export function pageMapViewOf(state: PartitionState, node: PartitionNode): PageMapView {
  const head = pageMapHeadOf(state, node);
  head.runsZstd = zstdCompressSync(node.fold.pages.encodeRuns());
  return head;
}

/** The same without its runs. */
export function pageMapHeadOf({ windows }: PartitionState, { node, fold }: PartitionNode): PageMapView {
  return create(PageMapViewSchema, {
    foldVersion: FOLD_VERSION,
    node,
    position: BigInt(fold.position),
    watermarkMs: BigInt(Math.max(0, windows.watermarkMs)),
    tick: BigInt(Math.floor(fold.pages.newestTick)),
    ...(fold.facts === null ? {} : { facts: fold.facts }),
    frames: fold.pages.frames,
  });
}

/** A farm's current view, as it goes into the store. */
export function farmViewOf({ settings, latest }: MergeState, farm: string): ViewWrite {
  const newest = latest.get(farm);
  const view = create(FarmViewSchema, {
    foldVersion: FOLD_VERSION,
    farm,
    ...(newest === undefined ? {} : { latest: newest }),
  });
  return { key: settings.keys.farm(settings.partition, farm), value: toBinary(FarmViewSchema, view) };
}
