import { WireFormatError } from "@farmscope/domain";
import type { EventLog, StreamPositions } from "@farmscope/log";
import type { CheckpointManifest } from "@farmscope/proto";
import { type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import type { PartitionState } from "../partition-state.ts";
import { recordIdOf } from "../stages/decode.ts";
import { CheckpointReader } from "./checkpoint-reader.ts";
import type { WrittenMemory } from "./checkpointer.ts";
import { decodeNode, memoryVersion } from "./node-state.ts";

const RECORD_WAIT_MS = 5_000;

/** A partition's state and where its fold goes on. */
export interface Restored {
  readonly state: PartitionState;
  /** First position to be read. */
  readonly from: number;
  /** What of it is in fs.ckpt already, by node. */
  readonly written: ReadonlyMap<string, WrittenMemory>;
  /** Position of fs.ev at which the set is complete; 0 when the fold begins at the log's beginning. */
  readonly through: number;
}

export interface RestoreOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly partition: number;
  /** Of the partition's raw events. */
  readonly positions: StreamPositions;
  /** Sets that are complete only behind this position are not used. */
  readonly throughMax: number;
  /** Sets that are complete at a later append time are not used, Unix milliseconds. Default: any. */
  readonly watermarkMsMax?: number;
  /** Begins with the oldest set instead of the newest. */
  readonly oldest?: boolean;
  /** Nodes to restore. Default: all. */
  readonly nodes?: ReadonlySet<string>;
  /** A state of which nothing is known. @param openBeginning the log's oldest records are gone. */
  readonly fresh: (openBeginning: boolean) => PartitionState;
}

/**
 * The state from which a partition is folded on: that of the newest complete checkpoint that may be used, or of the one
 * before it when that cannot be read, and so on; else an empty one, from the oldest record that is retained.
 *
 * All nodes are read at once, not each when it is first needed: the next tick that closes a window asks every node for
 * its memory, so at most ten seconds would be gained.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { log, logger, partition, positions, throughMax, watermarkMsMax = Number.POSITIVE_INFINITY } = options;
  const reader = new CheckpointReader(log, partition);
  const accept = ({ beginPosition, endPosition, watermarkMs }: CheckpointManifest): boolean =>
    Number(endPosition) <= throughMax &&
    Number(beginPosition) + 1 >= positions.first &&
    Number(watermarkMs) <= watermarkMsMax;
  for await (const manifest of reader.manifests(accept, options.oldest)) {
    const [begin, end] = [Number(manifest.beginPosition), Number(manifest.endPosition)];
    try {
      await refuseForeign(options, manifest);
      const restored = await restoreFrom(options, reader, manifest);
      logger.info({ partition, nodes: manifest.nodes.length, begin, end }, "goes on from a checkpoint");
      return restored;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      logger.warn({ partition, begin, end }, `a checkpoint cannot be used: ${messageOf(error)}`);
    }
  }
  const openBeginning = positions.first > 1;
  if (positions.messages > 0)
    logger.info({ partition, from: positions.first, openBeginning }, "folds the retained log");
  return { state: options.fresh(openBeginning), from: positions.first, written: new Map(), through: 0 };
}

/** The state that one set holds, of all nodes or of those that are wanted. @throws {OperatingError} CHECKPOINT_UNREADABLE. */
export async function restoreFrom(
  { fresh, nodes }: Pick<RestoreOptions, "fresh" | "nodes">,
  reader: CheckpointReader,
  manifest: CheckpointManifest,
): Promise<Restored> {
  const [begin, end] = [Number(manifest.beginPosition), Number(manifest.endPosition)];
  const state = fresh(false);
  state.resume(manifest.beginState, { position: end, state: manifest.endState });
  const written = new Map<string, WrittenMemory>();
  for (const { node } of manifest.nodes) if (nodes === undefined || nodes.has(node)) state.node(node);
  for await (const { entry, memory, books } of reader.nodes(manifest, nodes)) {
    const node = state.node(entry.node);
    if (node === null) continue;
    decodeNode(state, node, Number(entry.position), memory, books);
    // The set may refer to older memory: it counts as old, so that it is written again in time.
    if (entry.memory !== undefined)
      written.set(entry.node, { version: memoryVersion(node), place: entry.memory, rounds: 1 });
  }
  return { state, from: begin + 1, written, through: end };
}

/** A log that lost its tail and grew again is another log: its checkpoints of what was lost mean nothing. */
export async function refuseForeign(
  { log, partition, positions }: Pick<RestoreOptions, "log" | "partition" | "positions">,
  manifest: CheckpointManifest,
): Promise<void> {
  const position = Number(manifest.endPosition);
  if (position < positions.first) return;
  const reader = await log.read({ kind: "event", partition }, { from: position, allowTruncated: true });
  try {
    const [record] = await reader.next(1, RECORD_WAIT_MS);
    if (record?.position === position && recordIdOf(record) === manifest.endRecordId) return;
    throw new OperatingError("CHECKPOINT_UNREADABLE", `another record stands at position ${position}`);
  } finally {
    await reader.close();
  }
}

export function isUnreadable(error: unknown): boolean {
  if (error instanceof WireFormatError) return true;
  return error instanceof OperatingError && error.code === "CHECKPOINT_UNREADABLE";
}
