import { join } from "node:path";
import { encodeToken } from "@farmscope/domain";
import { type Clock, type Logger, messageOf, OperatingError } from "@farmscope/runtime";
import type { EmitterLimits } from "../config.ts";
import type { EventSource } from "../source/port.ts";
import { MemorySpool, type Spool } from "../stages/spool.ts";
import { DiskSpool } from "./disk-spool.ts";

export interface SpoolSettings {
  readonly source: EventSource;
  /** Whose batches they are. */
  readonly node: string;
  /** Null: nothing is kept on disk. */
  readonly dataDir: string | null;
  readonly limits: EmitterLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The spool that a source needs. What the kernel says is said once, so it goes to disk, below `<dataDir>/spool/`. A source
 * that can say it again is paused when the memory is full, and asked again after a kill: disk would add nothing.
 * @throws {OperatingError} CONFIG_INVALID when the data directory cannot hold it.
 */
export async function openSpool({ source, node, dataDir, limits, clock, logger }: SpoolSettings): Promise<Spool> {
  const { spoolBatchesMax, spoolBytesMax, spoolDiskBytesMax, spoolSegmentBytesMax, spoolSync } = limits;
  if (source.kind !== "bpf" || spoolDiskBytesMax === 0 || dataDir === null) {
    return new MemorySpool(spoolBatchesMax, spoolBytesMax);
  }
  const directory = join(dataDir, "spool", encodeToken(node));
  const spool = await DiskSpool.open({
    directory,
    clock,
    logger,
    memoryBatchesMax: spoolBatchesMax,
    memoryBytesMax: spoolBytesMax,
    diskBytesMax: spoolDiskBytesMax,
    segmentBytesMax: spoolSegmentBytesMax,
    sync: spoolSync,
  }).catch((cause: unknown) => {
    throw new OperatingError("CONFIG_INVALID", `the spool ${directory} cannot be used: ${messageOf(cause)}`, {
      cause,
      remedy: "choose another --data-dir, or give this user the right to write there",
    });
  });
  const { batches, bytes, cutBytes, cutSegments } = spool.leftover;
  if (batches > 0) logger.info({ batches, bytes }, "the spool holds batches of an earlier life: they go first");
  if (cutSegments > 0) logger.warn({ bytes: cutBytes, segments: cutSegments }, "torn batches were cut off the spool");
  return spool;
}
