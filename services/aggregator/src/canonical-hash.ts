import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { canonicalBytes } from "@farmscope/domain";
import type { NodeView, PageMapView } from "@farmscope/proto";

export interface HashedNode {
  readonly node: NodeView;
  /** Its page map at the same position; null when it was not kept. */
  readonly map: PageMapView | null;
}

/**
 * SHA-256, in hex, over what a run came to: per node page state, event counters and cumulative distributions. Runs over
 * the same events have the same hash, however often they were killed and restarted.
 */
export function canonicalHash(nodes: readonly HashedNode[]): string {
  const hash = createHash("sha256");
  const canonical = nodes.map(({ node, map }) => ({
    view: node,
    runs: map === null || map.runsZstd.length === 0 ? new Uint8Array(0) : zstdDecompressSync(map.runsZstd),
  }));
  for (const bytes of canonicalBytes(canonical)) hash.update(bytes);
  return hash.digest("hex");
}
