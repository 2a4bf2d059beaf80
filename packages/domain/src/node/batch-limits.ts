import { type Batch, DeadLetterReason } from "@farmscope/proto";
import { RUNQ_EVENTS_MAX } from "../distribution/columns.ts";
import { PAGE_EVENTS_MAX } from "../page/columns.ts";
import { partitionOf } from "../partition.ts";
import { PAGE_COLUMNS_CODEC } from "../wire/page-columns.ts";
import { RUNQ_COLUMNS_CODEC } from "../wire/runq-columns.ts";
import type { WireFormatError } from "../wire/wire-format-error.ts";

/** Versions of the envelope that can be folded. */
export const ENVELOPE_VERSION = 1;

/** Most characters of a name: node, boot, farm. Files of the store and subjects of the broker are made of them. */
export const NAME_CHARACTERS_MAX = 128;
const PATH_CHARACTERS_MAX = 4096;
/** Most entries of any repeated part of a batch. */
export const REPEATED_MAX = 4096;
const ZONES_MAX = 64;
/** Most frames that a node's zones may span: 1 TiB of 4 KiB pages, 128 MiB of state. */
export const FRAMES_MAX = 2 ** 28;
/** Largest order of a free block that views have room for. */
const ORDER_MAX = 20;

/** Why a batch cannot be folded. */
export interface BatchFault {
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** Checks that a batch says who sent it and when. Returns what is wrong, or null. */
export function identityFault(batch: Batch): BatchFault | null {
  const { identity, clock } = batch;
  if (identity === undefined || clock === undefined) return malformed("identity or clock is absent");
  if (identity.node === "" || identity.boot === "" || batch.farm === "") return malformed("a name is empty");
  for (const name of [identity.node, identity.boot, batch.farm]) {
    if (name.length > NAME_CHARACTERS_MAX) return overLimit(`a name has ${name.length} characters`);
  }
  return null;
}

/** Checks that a batch stands in the partition of its node. */
export function partitionFault(node: string, partition: number, partitions: number): BatchFault | null {
  const expected = partitionOf(node, partitions);
  if (expected === partition) return null;
  const detail = `node belongs to partition ${expected}, not ${partition}`;
  return { reason: DeadLetterReason.WRONG_PARTITION, detail };
}

/** Checks codecs and limits of what a batch carries. */
export function contentFault(batch: Batch): BatchFault | null {
  return columnsFault(batch) ?? repeatedFault(batch) ?? factsFault(batch);
}

/** The fault that a decoder found. */
export function faultOf(error: WireFormatError): BatchFault {
  const reasons = {
    malformed: DeadLetterReason.MALFORMED,
    "unknown-version": DeadLetterReason.UNKNOWN_VERSION,
    "over-limit": DeadLetterReason.OVER_LIMIT,
  } as const;
  return { reason: reasons[error.reason], detail: error.message };
}

export function malformed(detail: string): BatchFault {
  return { reason: DeadLetterReason.MALFORMED, detail };
}

function overLimit(detail: string): BatchFault {
  return { reason: DeadLetterReason.OVER_LIMIT, detail };
}

function unknownCodec(codec: number): BatchFault {
  return { reason: DeadLetterReason.UNKNOWN_VERSION, detail: `columns codec ${codec}` };
}

function columnsFault({ pages, runq }: Batch): BatchFault | null {
  if (pages !== undefined && pages.codec !== PAGE_COLUMNS_CODEC) return unknownCodec(pages.codec);
  if (runq !== undefined && runq.codec !== RUNQ_COLUMNS_CODEC) return unknownCodec(runq.codec);
  if (pages !== undefined && pages.count > PAGE_EVENTS_MAX) return overLimit(`${pages.count} page events`);
  if (runq !== undefined && runq.count > RUNQ_EVENTS_MAX) return overLimit(`${runq.count} run-queue events`);
  return null;
}

function repeatedFault(batch: Batch): BatchFault | null {
  const parts = [batch.gcPauses, batch.histograms, batch.cgroups, batch.observation?.chunks ?? [], batch.redis];
  for (const part of parts) if (part.length > REPEATED_MAX) return overLimit(`${part.length} entries in one list`);
  const longPath = batch.cgroups.find((cgroup) => cgroup.path.length > PATH_CHARACTERS_MAX);
  return longPath === undefined ? null : overLimit(`a cgroup path has ${longPath.path.length} characters`);
}

function factsFault({ facts, gauges }: Batch): BatchFault | null {
  const zones = Math.max(facts?.zones.length ?? 0, gauges?.zones.length ?? 0);
  if (zones > ZONES_MAX) return overLimit(`${zones} zones`);
  if (facts === undefined) return null;
  if (facts.maxOrder > ORDER_MAX || facts.hugeOrder > facts.maxOrder) return overLimit(`order ${facts.maxOrder}`);
  if (facts.ram.length > REPEATED_MAX) return overLimit(`${facts.ram.length} memory ranges`);
  const end = facts.zones.reduce((most, zone) => Math.max(most, zone.startPfn + zone.spanned), 0);
  return end > FRAMES_MAX ? overLimit(`zones end at frame ${end}`) : null;
}
