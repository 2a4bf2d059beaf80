/**
 * Ticks: the unit of event time on the wire. One tick is 64 ns of the node's CLOCK_MONOTONIC: fine enough to order what
 * one CPU does, coarse enough that deltas fit one byte, and a double holds 18 years of them exactly.
 */
export const TICK_NS = 64;
export const TICKS_PER_MS = 1_000_000 / TICK_NS;

/** Ties a node's ticks to wall time. */
export interface ClockOffset {
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, in microseconds. */
  readonly realtimeOffsetUs: number;
}

/** Unix milliseconds of a tick. */
export function tickToUnixMs(tick: number, clock: ClockOffset): number {
  return tick / TICKS_PER_MS + clock.realtimeOffsetUs / 1000;
}

/** The tick at a Unix time in milliseconds, rounded down. */
export function unixMsToTick(unixMs: number, clock: ClockOffset): number {
  return Math.floor((unixMs - clock.realtimeOffsetUs / 1000) * TICKS_PER_MS);
}
