import { tickToUnixMs } from "@farmscope/domain";
import type { Batch } from "@farmscope/proto";

/** The dates of a batch's ticks: by its own clock, but never after the broker saw them. */
export function datesOf(batch: Batch, appendedAtMs: number): (tick: number) => number {
  const clock = { realtimeOffsetUs: Number(batch.clock?.realtimeOffsetUs ?? 0n) };
  return (tick) => Math.min(tickToUnixMs(tick, clock), appendedAtMs);
}

/** Events that were lost on the way to a batch, in its start so far; by kind. */
export function lostOf(batch: Batch): Readonly<Record<"pages" | "runq" | "gc", number>> {
  const lost = (kind: "pages" | "runq" | "gc"): number => {
    const { ringLost = 0n, decodeLost = 0n, spoolLost = 0n } = batch.counters?.[kind] ?? {};
    return Number(ringLost + decodeLost + spoolLost);
  };
  return { pages: lost("pages"), runq: lost("runq"), gc: lost("gc") };
}
