import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { FOLD_VERSION } from "@farmscope/domain";
import type { EventLog, StreamPositions } from "@farmscope/log";
import {
  CheckpointRecordSchema,
  create,
  fromBinary,
  type MergeCheckpoint,
  MergeCheckpointSchema,
  toBinary,
} from "@farmscope/proto";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import type { MergeState } from "../merge-state.ts";
import { viewIdOf } from "../stages/decode-view.ts";

/** Key of the merges' checkpoints in fs.ckpt; no node has it, since ids of nodes do not begin with a tilde. */
export const MERGE_KEY = "~merge";

/** Largest state of a merge that is read back, in bytes. */
const STATE_BYTES_MAX = 64 * 2 ** 20;
const RECORD_WAIT_MS = 5_000;
/** Merges are small and change all the time: the fastest level. */
const FASTEST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A merge's checkpoint as a message of fs.ckpt. */
export function encodeMergeCheckpoint(state: MergeState): Uint8Array {
  const { merge, pending, settings } = state;
  const checkpoint = create(MergeCheckpointSchema, {
    partition: settings.partition,
    position: BigInt(pending.position),
    recordId: pending.recordId,
    neededFrom: BigInt(merge.neededFrom(pending.position + 1)),
    state: state.encode(),
  });
  const value = zstdCompressSync(toBinary(MergeCheckpointSchema, checkpoint), FASTEST);
  const body = { case: "mergeZstd", value } as const;
  return toBinary(CheckpointRecordSchema, create(CheckpointRecordSchema, { foldVersion: FOLD_VERSION, body }));
}

export interface MergeRestoreOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  /** Of fs.view. */
  readonly positions: StreamPositions;
  /** A checkpoint behind this position is not used. */
  readonly throughMax: number;
}

/**
 * Lets a merge go on from its newest checkpoint, when that may be used; else it begins with the oldest retained record.
 * @returns the first position to be read.
 */
export async function restoreMerge(state: MergeState, options: MergeRestoreOptions): Promise<number> {
  const { log, logger, positions, throughMax } = options;
  const { partition } = state.settings;
  const checkpoint = await newestOf(log, partition);
  if (checkpoint === null) return positions.first;
  const [position, neededFrom] = [Number(checkpoint.position), Number(checkpoint.neededFrom)];
  if (position > throughMax || neededFrom < positions.first) return positions.first;
  if (!(await isSameLog(log, checkpoint))) {
    logger.warn({ partition, position }, "the checkpoint of a merge is of another log: all of fs.view is merged anew");
    return positions.first;
  }
  state.resume({ position, state: checkpoint.state });
  logger.info({ partition, position, neededFrom }, "a merge goes on from a checkpoint");
  return neededFrom;
}

/** Null when there is none, when it is of another fold, or damaged. */
async function newestOf(log: EventLog, partition: number): Promise<MergeCheckpoint | null> {
  const record = await log.lastOf({ kind: "checkpoint", partition }, MERGE_KEY);
  if (record === null) return null;
  try {
    const { foldVersion, body } = fromBinary(CheckpointRecordSchema, record.payload);
    if (foldVersion !== FOLD_VERSION || body.case !== "mergeZstd") return null;
    return fromBinary(MergeCheckpointSchema, zstdDecompressSync(body.value, { maxOutputLength: STATE_BYTES_MAX }));
  } catch {
    return null;
  }
}

async function isSameLog(log: EventLog, { position, recordId }: MergeCheckpoint): Promise<boolean> {
  const reader = await log.read({ kind: "view" }, { from: Number(position), allowTruncated: true });
  try {
    const [record] = await reader.next(1, RECORD_WAIT_MS);
    return record?.position === Number(position) && viewIdOf(record) === recordId;
  } finally {
    await reader.close();
  }
}

export interface MergeCheckpointerPorts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes a merge's checkpoint now and then. */
export class MergeCheckpointer {
  readonly #state: MergeState;
  readonly #ports: MergeCheckpointerPorts;
  readonly #intervalMs: number;
  #lastMs: number;
  #writing: Promise<void> = Promise.resolve();
  /** Checkpoints that were written. */
  written = 0;

  constructor(state: MergeState, ports: MergeCheckpointerPorts, intervalMs: number) {
    this.#state = state;
    this.#ports = ports;
    this.#intervalMs = intervalMs;
    this.#lastMs = ports.clock.monotonicMs();
  }

  /** To be called where everything that was merged is committed. */
  step(): void {
    const { pending, merge } = this.#state;
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#lastMs < this.#intervalMs || pending.position === 0 || merge.isResuming) return;
    this.#lastMs = nowMs;
    const payload = encodeMergeCheckpoint(this.#state);
    this.#writing = this.#writing.then(() => this.#append(payload));
  }

  /** Waits until what is being written is. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** A checkpoint that cannot be written costs time at the next start, and nothing else. */
  async #append(payload: Uint8Array): Promise<void> {
    const { log, logger } = this.#ports;
    const { partition } = this.#state.settings;
    try {
      await log.append({ kind: "checkpoint", partition }, MERGE_KEY, payload);
      this.written++;
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      logger.warn({ partition, code: error.code, bytes: payload.length }, `no checkpoint: ${messageOf(error)}`);
    }
  }
}
