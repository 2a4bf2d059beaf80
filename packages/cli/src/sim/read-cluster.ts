import { canonicalHash } from "@farmscope/aggregator";
import type { EventLog, LogRecord, StreamName } from "@farmscope/log";
import { fromBinary, type NodeView, NodeViewSchema, type PageMapView, PageMapViewSchema } from "@farmscope/proto";
import type { Cluster } from "./cluster.ts";

/** Everything that a stream holds. */
export async function recordsOf(log: EventLog, stream: StreamName): Promise<LogRecord[]> {
  const { first, messages } = await log.positions(stream);
  if (messages === 0) return [];
  const reader = await log.read(stream, { from: first, allowTruncated: true, bufferBytesMax: 2 ** 30 });
  const records = await reader.next(messages, 0);
  await reader.close();
  return records;
}

/** A node as the store has it. */
export interface StoredNode {
  readonly node: NodeView;
  readonly map: PageMapView | null;
}

export async function nodesOf({ store, keys, scenario }: Cluster): Promise<StoredNode[]> {
  const nodes: StoredNode[] = [];
  for (let partition = 0; partition < scenario.partitions; partition++) {
    for (const id of await store.list(keys.nodeIndex(partition))) {
      const [view, map] = await store.getMany([keys.node(partition, id), keys.pageMap(partition, id)]);
      const node = fromBinary(NodeViewSchema, view!);
      nodes.push({ node, map: map === null ? null : fromBinary(PageMapViewSchema, map!) });
    }
  }
  return nodes;
}

/** The canonical hash of a node, or null when its page map is not of the moment of its view. */
export function hashOf(node: StoredNode): string | null {
  return node.map?.position === node.node.position ? canonicalHash([node]) : null;
}
