import { messageOf } from "@farmscope/runtime";
import { WIRE_GC, WIRE_PAGE, WIRE_RUNQ } from "../wire.gen.ts";
import { type GroupOptions, KernelGroup } from "./kernel-group.ts";
import type { NativeShim } from "./native.ts";
import type { Groups } from "./stream-balance.ts";

/** Records that one poll moves at most: 2 MiB of page events, 4 ms of decoding. The rest waits in the ring. */
const PAGE_RECORDS_PER_POLL = 87_381;
const RUNQ_RECORDS_PER_POLL = 32_768;
const GC_RECORDS_PER_POLL = 1024;
/** Half a second of the scheduler at its busiest, 285,000 switches a second. */
const RUNQ_RING_BYTES = 4 * 2 ** 20;
/** 4,600 pauses. */
const GC_RING_BYTES = 256 * 2 ** 10;

export interface OpenedGroups {
  readonly groups: Groups;
  /** Groups that could not be loaded, with the reason. */
  readonly absent: readonly string[];
}

/**
 * Loads the kernel programs and calibrates. Scheduling and GC may be missing; without page events there is no source.
 * @throws {OperatingError} BPF_LOAD_FAILED.
 */
export function openGroups(native: NativeShim, pageRingBytes: number): OpenedGroups {
  const pages = new KernelGroup(
    native,
    { name: "page", ringBytes: pageRingBytes, recordBytes: WIRE_PAGE.size },
    PAGE_RECORDS_PER_POLL,
  );
  try {
    pages.calibrate();
  } catch (error) {
    pages.close();
    throw error;
  }
  const absent: string[] = [];
  const optional = (options: GroupOptions, pollRecords: number): KernelGroup | null => {
    try {
      return new KernelGroup(native, options, pollRecords);
    } catch (error) {
      absent.push(`${options.name}: ${messageOf(error)}`);
      return null;
    }
  };
  const runq = optional(
    { name: "sched", ringBytes: RUNQ_RING_BYTES, recordBytes: WIRE_RUNQ.size },
    RUNQ_RECORDS_PER_POLL,
  );
  const gc = optional({ name: "gc", ringBytes: GC_RING_BYTES, recordBytes: WIRE_GC.size }, GC_RECORDS_PER_POLL);
  return { groups: { pages, runq, gc }, absent };
}

/** The groups that are there. */
export function presentGroups({ pages, runq, gc }: Groups): KernelGroup[] {
  return [pages, runq, gc].filter((group) => group !== null);
}
