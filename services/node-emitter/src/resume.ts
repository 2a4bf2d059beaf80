import { partitionOf } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { EventRecordSchema, fromBinary } from "@farmscope/proto";
import { type Clock, retrying } from "@farmscope/runtime";
import type { SourceNode } from "./source/port.ts";

/** Look-ups under way at once. */
const PARALLEL_MAX = 16;

export interface ResumeOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Where each node's source was when its last batch reached the log. Only a batch of the same boot counts: a source that
 * begins another life has nothing to go on from.
 */
export async function resumePositions(
  nodes: readonly SourceNode[],
  options: ResumeOptions,
): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();
  const waiting = [...nodes];
  const work = async (): Promise<void> => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const position = await lastPositionOf(node, options);
      if (position > 0) positions.set(node.id, position);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
  return positions;
}

async function lastPositionOf(node: SourceNode, { log, partitions, clock, signal }: ResumeOptions): Promise<number> {
  const partition = partitionOf(node.id, partitions);
  const last = await retrying(clock, () => log.lastOf({ kind: "event", partition }, node.id), { signal });
  if (last === null) return 0;
  const { body } = fromBinary(EventRecordSchema, last.payload);
  if (body.case !== "batch" || body.value.identity?.boot !== node.boot) return 0;
  return Number(body.value.sourcePosition);
}
