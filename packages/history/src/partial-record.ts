import { FOLD_VERSION } from "@farmscope/domain";
import { create, type NodeWindow, type PartialWindow, toBinary, ViewRecordSchema } from "@farmscope/proto";

/** What a record leaves out, one step after the other, until it fits. The store's windows always have everything. */
const REDUCTIONS: readonly ((node: NodeWindow) => NodeWindow)[] = [
  (node) => node,
  (node) => ({ ...node, zones: node.zones.map((zone) => ({ ...zone, buddyinfo: [], unusableIndex: [] })) }),
  (node) => ({ ...node, distributions: [] }),
];

/**
 * Encodes a partial window as a record of fs.view, no longer than a message may be: from that of very many nodes first
 * goes what can be computed from the rest, then the nodes' distributions.
 */
export function encodePartial(id: string, partial: PartialWindow, bytesMax: number): Uint8Array {
  let reduced = partial;
  let bytes = new Uint8Array(0);
  for (const reduce of REDUCTIONS) {
    reduced = { ...reduced, nodes: reduced.nodes.map(reduce) };
    const body = { case: "partial", value: reduced } as const;
    bytes = toBinary(ViewRecordSchema, create(ViewRecordSchema, { foldVersion: FOLD_VERSION, id, body }));
    if (bytes.length <= bytesMax) break;
  }
  return bytes;
}
