import { create, type FarmWindow, FarmWindowSchema } from "@farmscope/proto";
import type { BalanceCounts } from "../balance.ts";
import { SignalSet } from "../node/signal-set.ts";
import { decodeMessage } from "../state/message.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { encodeFarmWindow } from "./farm-window.ts";
import { type Books, booksFromWindow, booksToWindow, decodeBooks, encodeBooks, NO_BOOKS } from "./window-part.ts";
import { WINDOW_MS, type WideWidthMs, windowStartOf } from "./window-time.ts";

const MILLION = 1_000_000;

/** A wide window of one farm. */
interface WideFarm {
  readonly signals: SignalSet;
  /** Sums over the windows of 10 s, of which `in` leaves out what they held: the next one counts that again. */
  books: Books;
  /** In millionths. */
  coverage: number;
  /** Newest window of 10 s in it, without nodes and distributions: memory and presence are its. */
  last: FarmWindow;
  readonly missing: Set<number>;
  readonly used: Set<number>;
  /** Number of records written; the next one's revision. */
  written: number;
}

/**
 * The windows of one width above 10 s of the farms that one owner merges: a fold of their records of 10 s. They hold whole
 * distributions; the nodes stand in the partitions' records.
 */
export class FarmRollup {
  readonly widthMs: WideWidthMs;
  readonly #windows = new Map<number, Map<string, WideFarm>>();
  readonly #amended = new Map<number, Set<string>>();
  #closedThroughMs = Number.NEGATIVE_INFINITY;

  constructor(widthMs: WideWidthMs) {
    this.widthMs = widthMs;
  }

  /**
   * A record of 10 s was written.
   * @param before the one that it replaces; null when it is the first of its window.
   */
  add(before: FarmWindow | null, after: FarmWindow): void {
    const wideMs = windowStartOf(Number(after.startMs), this.widthMs);
    const wide = this.#of(wideMs, after);
    wide.signals.addProto(after.distributions);
    if (before !== null) wide.signals.subtractProto(before.distributions);
    wide.books = replaced(wide.books, before, after);
    wide.coverage += millionthsOf(after) - (before === null ? 0 : millionthsOf(before));
    for (const partition of after.partitionsUsed) wide.used.add(partition);
    for (const partition of after.partitionsMissing) wide.missing.add(partition);
    if (after.startMs >= wide.last.startMs) wide.last = slim(after);
    if (wideMs + this.widthMs > this.#closedThroughMs) return;
    const farms = this.#amended.get(wideMs) ?? new Set<string>();
    this.#amended.set(wideMs, farms.add(after.farm));
  }

  /** Closes every window that ends by a time. @returns its records, then those of closed windows that were amended. */
  closeThrough(endMs: number): FarmWindow[] {
    const due: [number, string][] = [];
    const rising = [...this.#windows].sort(([a], [b]) => a - b);
    for (const [wideMs, farms] of rising) {
      const isClosed = wideMs + this.widthMs <= this.#closedThroughMs;
      if (isClosed || wideMs + this.widthMs > endMs) continue;
      for (const farm of [...farms.keys()].sort()) due.push([wideMs, farm]);
    }
    this.#closedThroughMs = Math.max(this.#closedThroughMs, endMs);
    for (const [wideMs, farms] of [...this.#amended].sort(([a], [b]) => a - b)) {
      for (const farm of [...farms].sort()) due.push([wideMs, farm]);
    }
    this.#amended.clear();
    return due.map(([wideMs, farm]) => this.#record(wideMs, farm));
  }

  /** Forgets windows that ended before a time. */
  forget(beforeMs: number): void {
    for (const wideMs of this.#windows.keys()) if (wideMs + this.widthMs <= beforeMs) this.#windows.delete(wideMs);
  }

  encode(into: StateWriter): void {
    into.number(this.#closedThroughMs);
    into.list(this.#windows, ([wideMs, farms]) => {
      into.number(wideMs);
      into.list(farms, ([farm, wide]) => {
        into.text(farm);
        wide.signals.encode(into);
        encodeBooks(wide.books, into);
        into.number(wide.coverage);
        into.bytes(encodeFarmWindow(wide.last));
        into.list(wide.missing, (partition) => into.count(partition));
        into.list(wide.used, (partition) => into.count(partition));
        into.count(wide.written);
      });
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.#closedThroughMs = from.number();
    from.list(() => {
      const farms = new Map<string, WideFarm>();
      this.#windows.set(from.number(), farms);
      from.list(() => farms.set(from.text(), decodeWide(from)));
    });
  }

  #of(wideMs: number, first: FarmWindow): WideFarm {
    let farms = this.#windows.get(wideMs);
    if (farms === undefined) {
      farms = new Map();
      this.#windows.set(wideMs, farms);
    }
    let wide = farms.get(first.farm);
    if (wide === undefined) {
      const sums = { signals: new SignalSet(), books: NO_BOOKS, coverage: 0, missing: new Set<number>() };
      wide = { ...sums, last: slim(first), used: new Set(), written: 0 };
      farms.set(first.farm, wide);
    }
    return wide;
  }

  #record(wideMs: number, farm: string): FarmWindow {
    const wide = this.#windows.get(wideMs)!.get(farm)!;
    const revision = wide.written++;
    return create(FarmWindowSchema, {
      ...wide.last,
      widthMs: this.widthMs,
      startMs: BigInt(wideMs),
      revision,
      distributions: wide.signals.toProto(),
      coverage: Math.min(1, wide.coverage / MILLION / (this.widthMs / WINDOW_MS)),
      partitionsUsed: [...wide.used].filter((partition) => !wide.missing.has(partition)).sort((a, b) => a - b),
      partitionsMissing: [...wide.missing].sort((a, b) => a - b),
      ...booksToWindow(withHeld(wide.books, wide.last)),
    });
  }
}

function decodeWide(from: StateReader): WideFarm {
  const signals = new SignalSet();
  signals.decode(from);
  const books = decodeBooks(from);
  const coverage = from.number();
  const last = decodeMessage(FarmWindowSchema, from);
  const missing = new Set(from.list(() => from.count()));
  const used = new Set(from.list(() => from.count()));
  return { signals, books, coverage, last, missing, used, written: from.count() };
}

/** A window without what is summed by itself or has no place in a wide one. */
function slim(window: FarmWindow): FarmWindow {
  return create(FarmWindowSchema, { ...window, nodes: [], distributions: [] });
}

function millionthsOf({ coverage }: FarmWindow): number {
  return Math.round(coverage * MILLION);
}

/** Sums do not depend on the order in which windows come: of what is held, the newest window's counts. */
function replaced(sums: Books, before: FarmWindow | null, after: FarmWindow): Books {
  const gained = booksFromWindow(after);
  const gone = before === null ? NO_BOOKS : booksFromWindow(before);
  const each = (kind: keyof Books): BalanceCounts => {
    const [sum, more, less] = [sums[kind], gained[kind], gone[kind]];
    return {
      in: sum.in + (more.in - more.held) - (less.in - less.held),
      folded: sum.folded + more.folded - less.folded,
      dropped: sum.dropped + more.dropped - less.dropped,
      lost: sum.lost + more.lost - less.lost,
      held: sum.held,
    };
  };
  return { pages: each("pages"), runq: each("runq"), gc: each("gc") };
}

function withHeld(sums: Books, last: FarmWindow): Books {
  const ends = booksFromWindow(last);
  const each = (kind: keyof Books): BalanceCounts => {
    const { held } = ends[kind];
    return { ...sums[kind], in: sums[kind].in + held, held };
  };
  return { pages: each("pages"), runq: each("runq"), gc: each("gc") };
}
