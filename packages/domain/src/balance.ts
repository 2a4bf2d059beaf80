import { BalanceSchema, type Balance, create, type StreamCounters } from "@farmscope/proto";

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

/** Share of events that were neither lost nor are held, 0..1; 1 when nothing happened. */
export function coverageOf(balances: Iterable<BalanceCounts>): number {
  const sum = sumBalances(balances);
  return sum.in <= 0 ? 1 : Math.max(0, (sum.in - sum.lost - sum.held) / sum.in);
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

/** An emitter's cumulative counters as numbers: what it saw, left out, lost, and put into batches. */
export interface SourceTotals {
  readonly seen: number;
  readonly sampledOut: number;
  readonly lost: number;
  readonly batched: number;
}

const NO_TOTALS: SourceTotals = { seen: 0, sampledOut: 0, lost: 0, batched: 0 };

export function totalsOf(counters: StreamCounters | undefined): SourceTotals | null {
  if (counters === undefined) return null;
  return {
    seen: Number(counters.seen),
    sampledOut: Number(counters.sampledOut),
    lost: Number(counters.ringLost) + Number(counters.decodeLost) + Number(counters.spoolLost),
    batched: Number(counters.batched),
  };
}

/**
 * Keeps the balance of one kind of event of one node over all its starts. Batches are read in any order, and folded or
 * buried in the order of their sequence numbers; the emitter's counters start at zero with each start.
 */
export class StreamAccount {
  #ended: BalanceCounts = EMPTY_BALANCE;
  /** What the first folded batch found already counted, where the log before it is gone. */
  #baseline: SourceTotals = NO_TOTALS;
  #newest: SourceTotals = NO_TOTALS;
  #folded = 0;
  #dead = 0;
  /** Events in batches that were declared lost. */
  #gap = 0;

  /** Takes note of the counters of a batch when it is read, be it folded now or held. */
  read(totals: SourceTotals | null): void {
    if (totals !== null && totals.batched >= this.#newest.batched && totals.seen >= this.#newest.seen) {
      this.#newest = totals;
    }
  }

  /** Counts the events of a batch whose turn has come and that went into the state. */
  fold(events: number, totals: SourceTotals | null): void {
    this.#folded += events;
    this.#settle(totals);
  }

  /** Counts the events of a batch whose turn has come and that could not be folded. */
  bury(events: number, totals: SourceTotals | null): void {
    this.#dead += events;
    this.#settle(totals);
  }

  /** The log began in the middle of this start: what came before `events` of this first batch is not ours to count. */
  beginAt(events: number, totals: SourceTotals | null): void {
    if (totals === null) return;
    const batched = totals.batched - events;
    this.#baseline = { ...totals, batched, seen: batched + totals.sampledOut + totals.lost };
  }

  /** The start is over: what was still on its way is lost. */
  endStart(): void {
    const last = this.balance();
    this.#ended = { ...last, lost: last.lost + last.held, held: 0 };
    this.#baseline = NO_TOTALS;
    this.#newest = NO_TOTALS;
    this.#folded = 0;
    this.#dead = 0;
    this.#gap = 0;
  }

  /** Over all starts so far. */
  balance(): BalanceCounts {
    const { seen, sampledOut, lost, batched } = minus(this.#newest, this.#baseline);
    const leftBehind = sampledOut + lost;
    // `seen` is read from the kernel apart from the ring, so it can be older than what the ring gave.
    const known = this.#newest === NO_TOTALS ? this.#folded + this.#dead : Math.max(seen, leftBehind + batched);
    const arriving = known - leftBehind - this.#folded - this.#dead - this.#gap;
    const current: BalanceCounts = {
      in: known,
      folded: this.#folded,
      dropped: sampledOut + this.#dead,
      lost: lost + this.#gap,
      held: Math.max(0, arriving),
    };
    return sumBalances([this.#ended, current]);
  }

  /** All sequence numbers up to this batch are folded, dead or lost: what is missing in its count was in lost ones. */
  #settle(totals: SourceTotals | null): void {
    if (totals === null) return;
    const missing = totals.batched - this.#baseline.batched - this.#folded - this.#dead;
    this.#gap = Math.max(this.#gap, missing);
  }
}

function minus(a: SourceTotals, b: SourceTotals): SourceTotals {
  return {
    seen: a.seen - b.seen,
    sampledOut: a.sampledOut - b.sampledOut,
    lost: a.lost - b.lost,
    batched: a.batched - b.batched,
  };
}
