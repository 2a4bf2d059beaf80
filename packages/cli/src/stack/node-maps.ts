import { ControlAppender } from "@farmscope/control";
import { partitionOf } from "@farmscope/domain";
import { fromBinary, type PageMapView, PageMapViewSchema } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import { Keys } from "@farmscope/store";
import type { Outside } from "./summary.ts";
import { waitUntil } from "./wait.ts";

const FOCUS_MS = 60_000;

/**
 * The page maps of nodes as the aggregator holds them at a position or later: asks for them (a focus in the control
 * stream) and waits until they are in the store.
 * @param floors the nodes, and for each the position that its map must have reached.
 * @returns the maps by node; nodes whose map did not come within `msMax` are absent.
 */
export async function readNodeMaps(
  outside: Outside,
  clock: Clock,
  floors: ReadonlyMap<string, number>,
  msMax: number,
): Promise<Map<string, PageMapView>> {
  const nodes = [...floors.keys()];
  for (const node of nodes) await requestFocus(outside, clock, node);
  const keys = new Keys(outside.namespace);
  const maps = new Map<string, PageMapView>();
  await waitUntil(clock, msMax, async () => {
    const wanted = nodes.filter((node) => !maps.has(node));
    const values = await outside.store.getMany(
      wanted.map((node) => keys.pageMap(partitionOf(node, outside.partitions), node)),
    );
    values.forEach((value, i) => {
      if (value === null) return;
      const view = fromBinary(PageMapViewSchema, value);
      if (Number(view.position) >= floors.get(wanted[i]!)!) maps.set(wanted[i]!, view);
    });
    return maps.size === nodes.length;
  });
  return maps;
}

async function requestFocus(outside: Outside, clock: Clock, node: string): Promise<void> {
  const control = new ControlAppender({ log: outside.log, clock, by: "cli" });
  await control.append({ case: "focus", value: { node, untilMs: BigInt(clock.nowMs() + FOCUS_MS) } });
}
