import { canonicalHash } from "@farmscope/aggregator";
import type { NodeView } from "@farmscope/proto";
import { type Clock, OperatingError } from "@farmscope/runtime";
import { readNodeMaps } from "./node-maps.ts";
import type { Outside } from "./summary.ts";

const MAPS_MS_MAX = 60_000;

/**
 * The canonical hash of everything folded: page state, event counters and cumulative distributions of every node.
 * @throws {OperatingError} TIMEOUT when the aggregator does not hand out all page maps.
 */
export async function hashOfNodes(outside: Outside, clock: Clock, views: readonly NodeView[]): Promise<string> {
  const floors = new Map(views.map((view) => [view.node, Number(view.position)]));
  const maps = await readNodeMaps(outside, clock, floors, MAPS_MS_MAX);
  if (maps.size < views.length) {
    throw new OperatingError("TIMEOUT", `only ${maps.size} of ${views.length} page maps came within ${MAPS_MS_MAX} ms`);
  }
  return canonicalHash(views.map((node) => ({ node, map: maps.get(node.node)! })));
}
