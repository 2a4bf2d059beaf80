import { type Balance, BalanceSchema, create } from "@farmscope/proto";
import type { StateReader } from "./state/state-reader.ts";
import type { StateWriter } from "./state/state-writer.ts";

/**
 * The balance of one kind of raw event, in events: in = folded + dropped + lost + held, at every moment.
 *
 * - in: what happened at the source, as far as the newest batch that was read tells.
 * - folded: what went into the state.
 * - dropped: left out on purpose, by sampling or as dead letters.
 * - lost: by the ring, by decoding, for want of room in the spool (before they got into a batch), or in batches that
 *   never came.
 * - held: still on its way, in the emitter or in the reorder buffer.
 */
export interface BalanceCounts {
  readonly in: number;
  readonly folded: number;
  readonly dropped: number;
  readonly lost: number;
  readonly held: number;
}

export const EMPTY_BALANCE: BalanceCounts = { in: 0, folded: 0, dropped: 0, lost: 0, held: 0 };

/** Whether the identity holds. It does not when an emitter's counters contradict its batches. */
export function isBalanced(balance: BalanceCounts): boolean {
  return balance.in === balance.folded + balance.dropped + balance.lost + balance.held;
}

/** The balance of several things together. */
export function sumBalances(balances: Iterable<BalanceCounts>): BalanceCounts {
  const sum = { ...EMPTY_BALANCE } as { -readonly [K in keyof BalanceCounts]: number };
  for (const balance of balances) {
    sum.in += balance.in;
    sum.folded += balance.folded;
    sum.dropped += balance.dropped;
    sum.lost += balance.lost;
    sum.held += balance.held;
  }
  return sum;
}

/**
 * What moved between two moments, like the books of one day: what was held at the start comes in first, so that the
 * identity holds for the interval too.
 */
export function balanceBetween(before: BalanceCounts, after: BalanceCounts): BalanceCounts {
  return {
    in: after.in - before.in + before.held,
    folded: after.folded - before.folded,
    dropped: after.dropped - before.dropped,
    lost: after.lost - before.lost,
    held: after.held,
  };
}

/** The balance of an interval, from those of two that follow one another: what the first held, the second counts again. */
export function joinBalances(earlier: BalanceCounts, later: BalanceCounts): BalanceCounts {
  return {
    in: earlier.in - earlier.held + later.in,
    folded: earlier.folded + later.folded,
    dropped: earlier.dropped + later.dropped,
    lost: earlier.lost + later.lost,
    held: later.held,
  };
}

/** Share of events that were neither lost nor are held, 0..1; 1 when nothing happened. */
export function coverageOf(balances: Iterable<BalanceCounts>): number {
  const sum = sumBalances(balances);
  return sum.in <= 0 ? 1 : Math.max(0, (sum.in - sum.lost - sum.held) / sum.in);
}

/** Writes a balance as it is, negative numbers included, for {@link decodeBalance}. */
export function encodeBalance(balance: BalanceCounts, into: StateWriter): void {
  for (const value of [balance.in, balance.folded, balance.dropped, balance.lost, balance.held]) into.number(value);
}

/** @throws {WireFormatError} malformed. */
export function decodeBalance(from: StateReader): BalanceCounts {
  const one = (): number => from.number();
  return { in: one(), folded: one(), dropped: one(), lost: one(), held: one() };
}

/** A balance as it stands in views. An emitter that takes counts back cannot make a number negative there. */
export function balanceToProto(balance: BalanceCounts): Balance {
  const count = (value: number): bigint => BigInt(Math.max(0, value));
  return create(BalanceSchema, {
    in: count(balance.in),
    folded: count(balance.folded),
    dropped: count(balance.dropped),
    lost: count(balance.lost),
    held: count(balance.held),
  });
}

export function balanceFromProto(balance: Balance | undefined): BalanceCounts {
  if (balance === undefined) return EMPTY_BALANCE;
  return {
    in: Number(balance.in),
    folded: Number(balance.folded),
    dropped: Number(balance.dropped),
    lost: Number(balance.lost),
    held: Number(balance.held),
  };
}
