import type { StreamCounters } from "@farmscope/proto";
import { type BalanceCounts, decodeBalance, EMPTY_BALANCE, encodeBalance, sumBalances } from "../balance.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";

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
  /** As of the newest batch whose turn has come. */
  #settled: SourceTotals = NO_TOTALS;
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

  /**
   * The start is over: what was still on its way is lost.
   * @param resumes it comes again in the next start instead, which counts it anew.
   */
  endStart(resumes = false): void {
    if (resumes) this.#newest = this.#settled;
    const last = this.balance();
    this.#ended = { ...last, lost: last.lost + last.held, held: 0 };
    this.#baseline = NO_TOTALS;
    this.#newest = NO_TOTALS;
    this.#settled = NO_TOTALS;
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

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    encodeBalance(this.#ended, into);
    for (const totals of [this.#baseline, this.#newest, this.#settled])
      into.optional(heard(totals), (some) => encodeTotals(some, into));
    for (const count of [this.#folded, this.#dead, this.#gap]) into.number(count);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.#ended = decodeBalance(from);
    this.#baseline = from.optional(() => decodeTotals(from)) ?? NO_TOTALS;
    this.#newest = from.optional(() => decodeTotals(from)) ?? NO_TOTALS;
    this.#settled = from.optional(() => decodeTotals(from)) ?? NO_TOTALS;
    this.#folded = from.number();
    this.#dead = from.number();
    this.#gap = from.number();
  }

  /** All sequence numbers up to this batch are folded, dead or lost: what is missing in its count was in lost ones. */
  #settle(totals: SourceTotals | null): void {
    if (totals === null) return;
    this.#settled = totals;
    const missing = totals.batched - this.#baseline.batched - this.#folded - this.#dead;
    this.#gap = Math.max(this.#gap, missing);
  }
}

/** Null when no batch has told any yet, which is not the same as counters that stand at zero. */
function heard(totals: SourceTotals): SourceTotals | null {
  return totals === NO_TOTALS ? null : totals;
}

function encodeTotals({ seen, sampledOut, lost, batched }: SourceTotals, into: StateWriter): void {
  for (const count of [seen, sampledOut, lost, batched]) into.number(count);
}

function decodeTotals(from: StateReader): SourceTotals {
  const one = (): number => from.number();
  return { seen: one(), sampledOut: one(), lost: one(), batched: one() };
}

function minus(a: SourceTotals, b: SourceTotals): SourceTotals {
  return {
    seen: a.seen - b.seen,
    sampledOut: a.sampledOut - b.sampledOut,
    lost: a.lost - b.lost,
    batched: a.batched - b.batched,
  };
}
