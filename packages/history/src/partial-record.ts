import { FOLD_VERSION, packNodes, partialId, unpackNodes, type WidthMs } from "@farmscope/domain";
import {
  create,
  type NodeWindow,
  NodeWindowSchema,
  type PartialWindow,
  toBinary,
  ViewRecordSchema,
} from "@farmscope/proto";

/** A record of fs.view. */
export interface EncodedRecord {
  readonly id: string;
  readonly payload: Uint8Array;
}

/** Largest part of a partial that is written in parts, in bytes, where the log would take more. */
export const PARTIAL_BYTES_MAX = 512 * 1024;
/** What a record takes besides its nodes, and each node besides its window, at most, in bytes. */
const RECORD_BYTES_MAX = 512;
const NODE_BYTES_MAX = 8;

/** What the window of a node that is larger than a whole record leaves out, one step after the other, until it fits. */
const REDUCTIONS: readonly ((node: NodeWindow) => NodeWindow)[] = [
  (node) => node,
  (node) => ({ ...node, cgroups: [] }),
  (node) => ({ ...node, zones: node.zones.map((zone) => ({ ...zone, buddyinfo: [], unusableIndex: [] })) }),
  (node) => ({ ...node, distributions: [] }),
];

/**
 * Encodes a partial window as records of fs.view, none longer than a message may be: that of very many nodes is written
 * in parts, which depend on the partial and the limit alone. Whoever reads them has the window when it has all parts.
 */
export function encodePartial(partial: PartialWindow, messageBytesMax: number): EncodedRecord[] {
  const bytesMax = Math.min(PARTIAL_BYTES_MAX, messageBytesMax) - RECORD_BYTES_MAX;
  const pieces = partial.columns === undefined ? nodePieces(partial, bytesMax) : columnPieces(partial, bytesMax);
  const parts = pieces.length > 1 ? pieces.length : 0;
  return pieces.map((piece, part) => encodeRecord({ ...partial, ...piece, part, parts }));
}

function encodeRecord(partial: PartialWindow): EncodedRecord {
  const { partition, startMs, revision, widthMs, part } = partial;
  const id = partialId(partition, Number(startMs), revision, widthMs as WidthMs, part);
  const body = { case: "partial", value: partial } as const;
  return { id, payload: toBinary(ViewRecordSchema, create(ViewRecordSchema, { foldVersion: FOLD_VERSION, id, body })) };
}

function nodePieces({ nodes }: PartialWindow, bytesMax: number): Pick<PartialWindow, "nodes">[] {
  const pieces: { nodes: NodeWindow[] }[] = [{ nodes: [] }];
  let size = 0;
  for (const node of nodes) {
    const reduced = fitting(node, bytesMax);
    const bytes = sizeOf(reduced);
    if (size > 0 && size + bytes > bytesMax) {
      pieces.push({ nodes: [] });
      size = 0;
    }
    pieces.at(-1)!.nodes.push(reduced);
    size += bytes;
  }
  return pieces;
}

function fitting(node: NodeWindow, bytesMax: number): NodeWindow {
  let reduced = node;
  for (const reduce of REDUCTIONS) {
    reduced = reduce(reduced);
    if (sizeOf(reduced) <= bytesMax) break;
  }
  return reduced;
}

function sizeOf(node: NodeWindow): number {
  return toBinary(NodeWindowSchema, node).length + NODE_BYTES_MAX;
}

/** Halves the nodes until each half fits. */
function columnPieces({ columns }: PartialWindow, bytesMax: number): Required<Pick<PartialWindow, "columns">>[] {
  const size =
    (columns?.packed.length ?? 0) + (columns?.nodes ?? []).reduce((sum, node) => sum + 3 * node.length + 4, 0);
  if (columns === undefined || size <= bytesMax || columns.nodes.length < 2) return [{ columns: columns! }];
  const { nodes, quantiles } = unpackNodes(columns);
  const middle = Math.ceil(nodes.length / 2);
  return [nodes.slice(0, middle), nodes.slice(middle)].flatMap((half) =>
    columnPieces({ columns: packNodes(half, quantiles) } as PartialWindow, bytesMax),
  );
}
