import { PageEventKind } from "@farmscope/domain";
import { ObservationReason } from "@farmscope/proto";
import type { FrameFlags } from "./frame-flags.ts";
import type { FrameHistory } from "./frame-histories.ts";
import { FrameState } from "./node-batches.ts";

/** Why a frame of the map is wrong. Each stands for what the evidence shows, see {@link classOf}; else it is unknown. */
export const ERROR_CLASSES = [
  "lazy_initialisation",
  "free_page_reporting",
  "in_flight",
  "compaction_target",
  "compaction_source",
  "per_cpu_audit",
  "bulk_allocation",
  "silent_refill",
  "recursion_miss",
  "lost_event",
  "unknown",
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** What is known of a wrong frame. */
export interface Evidence {
  /** FrameState in the map. */
  readonly state: number;
  readonly history: FrameHistory;
  /** A second look at the frame, soon after the first. */
  readonly flags: FrameFlags;
  /** All frames of its block of the huge-page order are wrong alike. */
  readonly wholeHugeBlock: boolean;
  /** Events that the kernel programs skipped, and that were lost on the way, in this run. */
  readonly recursionLost: number;
  readonly otherLost: number;
}

/**
 *   lazy_initialisation   nothing was known of the frame: its memory came into being meanwhile
 *   free_page_reporting   a whole huge block that left the free lists and was back at the second look, without an event
 *   in_flight             the second look agrees with the map, without an event: the reading met it between two states
 *   compaction_target     free in the map; a compaction scanned it for free pages after its newest event and reading
 *   compaction_source     free in the kernel; its newest news is a reading amid a compaction
 *   per_cpu_audit         on a per-CPU list in the map, free in the kernel: it left the list without an event
 *   bulk_allocation       free in the map, flags prove an allocation, and no event told of one
 *   silent_refill         free in the map, without flags in the kernel: it went to a per-CPU list without an event
 *   recursion_miss, lost_event   its events contradict what the kernel says, and so many were lost in this run
 */
export function classOf(evidence: Evidence): ErrorClass {
  const { state, history, flags, wholeHugeBlock } = evidence;
  const newest = Math.max(history.eventTick, history.readTick);
  if (state === FrameState.Unknown) return "lazy_initialisation";
  if (flags.free === (state === FrameState.Free)) return wholeHugeBlock ? "free_page_reporting" : "in_flight";
  if (state === FrameState.Free && history.compactedTick > newest) return "compaction_target";
  if (evidence.recursionLost > 0 && history.eventTick > 0) return "recursion_miss";
  if (evidence.otherLost > 0) return "lost_event";
  return state === FrameState.Free ? silentlyTaken(flags) : silentlyFreed(evidence);
}

function silentlyTaken(flags: FrameFlags): ErrorClass {
  return flags.inUse ? "bulk_allocation" : "silent_refill";
}

function silentlyFreed({ state, history }: Evidence): ErrorClass {
  const isReadLast = history.readTick > history.eventTick;
  if (isReadLast && history.readReason === ObservationReason.COMPACTION) return "compaction_source";
  const wasFreed = history.eventKind === PageEventKind.Free || history.eventKind === PageEventKind.Refill;
  // An observation cannot tell a frame on a per-CPU list from one that the kernel keeps without flags.
  if (state === FrameState.PerCpu || wasFreed || isReadLast || history.eventKind < 0) return "per_cpu_audit";
  return "unknown";
}

/** Wrong frames by class. @param evidenceOf looks a frame's evidence up. */
export function countClasses(
  frames: readonly number[],
  evidenceOf: (pfn: number) => Evidence,
): Partial<Record<ErrorClass, number>> {
  const counts: Partial<Record<ErrorClass, number>> = {};
  for (const pfn of frames) {
    const name = classOf(evidenceOf(pfn));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
