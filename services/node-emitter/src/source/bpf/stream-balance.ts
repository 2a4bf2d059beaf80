import { type Counters, CountersSchema, create, type StreamCounters, StreamCountersSchema } from "@farmscope/proto";
import type { GroupCounters, KernelGroup } from "./kernel-group.ts";

/** The groups of kernel programs that are there; pages always are. */
export interface Groups {
  readonly pages: KernelGroup;
  readonly runq: KernelGroup | null;
  readonly gc: KernelGroup | null;
}

/** The cumulative balance of all groups, as the log carries it. About fifty system calls. */
export function readCounters(groups: Groups): Counters {
  return create(CountersSchema, {
    pages: streamOf(groups.pages),
    runq: streamOf(groups.runq),
    gc: streamOf(groups.gc),
  });
}

function streamOf(group: KernelGroup | null): StreamCounters {
  const counters: GroupCounters | undefined = group?.counters();
  return create(StreamCountersSchema, {
    seen: BigInt(counters?.seen ?? 0),
    sampledOut: BigInt(counters?.sampledOut ?? 0),
    ringLost: BigInt(counters?.ringLost ?? 0),
    recovered: BigInt(counters?.recovered ?? 0),
    decodeLost: BigInt(counters?.malformed ?? 0),
    recursionLost: BigInt(counters?.recursionLost ?? 0),
  });
}

/** Events that were lost up to now, of all kinds. */
export function lostIn({ pages, runq, gc }: Counters): number {
  return [pages, runq, gc].reduce(
    (sum, stream) => sum + Number((stream?.ringLost ?? 0n) + (stream?.decodeLost ?? 0n)),
    0,
  );
}
