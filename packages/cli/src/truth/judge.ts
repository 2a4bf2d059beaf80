import type { NodeView } from "@farmscope/proto";
import type { Clock } from "@farmscope/runtime";
import { readNodeMaps } from "../stack/node-maps.ts";
import type { Outside } from "../stack/summary.ts";
import { compareFrames } from "./compare.ts";
import type { KernelReading } from "./kernel-reading.ts";
import { rebuiltFrames } from "./rebuilt.ts";
import { markTouched } from "./touched.ts";

const MAP_MS_MAX = 15_000;

/**
 * Compares the aggregator's map of a node, at its newest batch, with a reading of the kernel that was
 * taken before; frames that events touched since are left out.
 * @returns the share of judged frames that are right; null when there is no map or nothing to judge.
 */
export async function judge(
  outside: Outside,
  clock: Clock,
  node: NodeView,
  reading: KernelReading,
): Promise<number | null> {
  const last = Number(node.position);
  const view = (await readNodeMaps(outside, clock, new Map([[node.node, last]]), MAP_MS_MAX)).get(node.node);
  if (view === undefined) return null;
  const rebuilt = rebuiltFrames(view, reading.frames);
  await markTouched(outside.log, node.node, outside.partitions, reading, rebuilt.touched, last);
  return compareFrames(reading, rebuilt).rightRatio;
}
