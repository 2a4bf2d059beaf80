import { create, fromBinary, type NodeWindow, NodeWindowSchema, toBinary } from "@farmscope/proto";
import { balanceBetween, balanceToProto, coverageOf, decodeBalance, EMPTY_BALANCE, encodeBalance } from "../balance.ts";
import { SignalSet } from "../node/signal-set.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { decodeMoment, encodeMoment, type NodeMoment } from "./node-moment.ts";
import { oldestAmendableMs, windowStartOf } from "./window-time.ts";

/** A window that was closed or amended: the message, and its bytes for the store. */
export interface NodeWindowRecord {
  readonly window: NodeWindow;
  readonly bytes: Uint8Array;
}

interface StoredMoment {
  readonly startMs: number;
  readonly moment: NodeMoment;
}

type Books = Pick<NodeMoment, "pages" | "runq" | "gc">;
const NO_BOOKS: Books = { pages: EMPTY_BALANCE, runq: EMPTY_BALANCE, gc: EMPTY_BALANCE };

/**
 * The windows of one node. Latencies go into the window of their own event time; the state and the balance of a window
 * are those at its end, that is, before the first batch that is dated after it.
 */
export class NodeWindows {
  readonly #node: string;
  readonly #open = new Map<number, SignalSet>();
  readonly #late = new Map<number, SignalSet>();
  /** Bytes of closed windows that still take late data. */
  readonly #closed = new Map<number, Uint8Array>();
  /** States at the ends of windows that are not closed yet but behind the newest batch. */
  readonly #ends: StoredMoment[] = [];
  /** Window of the newest batch; null before the first. */
  #newestStartMs: number | null = null;
  #books: Books = NO_BOOKS;

  constructor(node: string) {
    this.#node = node;
  }

  /**
   * To be called before a batch is folded: keeps the state when the batch is the first one dated in a later window.
   * @param now gives the state as it is before the batch.
   */
  enter(dateMs: number, now: () => NodeMoment): void {
    const startMs = windowStartOf(dateMs);
    if (this.#newestStartMs !== null && startMs > this.#newestStartMs) {
      this.#ends.push({ startMs: this.#newestStartMs, moment: now() });
    }
    this.#newestStartMs = Math.max(this.#newestStartMs ?? startMs, startMs);
  }

  /**
   * Where a latency of this date goes, or null when it is too late for any window.
   * @param openFromMs windows before this are closed.
   */
  signalsAt(dateMs: number, openFromMs: number): SignalSet | null {
    const startMs = windowStartOf(dateMs);
    if (startMs >= openFromMs) return signalsOf(this.#open, startMs);
    return startMs >= oldestAmendableMs(openFromMs) ? signalsOf(this.#late, startMs) : null;
  }

  /**
   * Closes a window. Returns null when the node was not there yet.
   * @param online whether the node spoke lately.
   * @param now gives the state as it is.
   */
  close(startMs: number, online: boolean, now: () => NodeMoment): NodeWindowRecord | null {
    const moment = this.#momentAt(startMs, now);
    if (moment === null) return null;
    const signals = this.#open.get(startMs) ?? new SignalSet();
    this.#open.delete(startMs);
    const books: Books = {
      pages: balanceBetween(this.#books.pages, moment.pages),
      runq: balanceBetween(this.#books.runq, moment.runq),
      gc: balanceBetween(this.#books.gc, moment.gc),
    };
    this.#books = { pages: moment.pages, runq: moment.runq, gc: moment.gc };
    const window = create(NodeWindowSchema, {
      node: this.#node,
      farm: moment.farm,
      online,
      zones: [...moment.zones],
      distributions: signals.toProto(),
      pages: balanceToProto(books.pages),
      runq: balanceToProto(books.runq),
      gc: balanceToProto(books.gc),
      coverage: coverageOf([books.pages, books.runq, books.gc]),
      observed: moment.observed,
      hugeOrder: moment.hugeOrder,
      redis: [...moment.redis],
      skewMs: moment.skewMs,
    });
    return this.#keep(startMs, window);
  }

  /**
   * Starts of the windows before `openFromMs` that late data has come for, rising. Data of a window that was left out
   * when its time came is late too.
   */
  lateStarts(openFromMs: number): number[] {
    for (const [startMs, signals] of this.#open) {
      if (startMs >= openFromMs) continue;
      this.#open.delete(startMs);
      signalsOf(this.#late, startMs).add(signals);
    }
    return [...this.#late.keys()].sort((a, b) => a - b);
  }

  /** Puts the late data of a closed window into it. The node was there after all, so it counts as online. */
  amend(startMs: number, now: () => NodeMoment): NodeWindowRecord {
    const signals = this.#late.get(startMs) ?? new SignalSet();
    this.#late.delete(startMs);
    const closed = this.#closed.get(startMs);
    const window =
      closed === undefined
        ? create(NodeWindowSchema, { node: this.#node, farm: now().farm, hugeOrder: now().hugeOrder, coverage: 1 })
        : fromBinary(NodeWindowSchema, closed);
    signals.addProto(window.distributions);
    window.distributions = signals.toProto();
    window.online = true;
    return this.#keep(startMs, window);
  }

  /** Forgets closed windows that take no late data any more. */
  expire(openFromMs: number): void {
    for (const startMs of this.#closed.keys()) {
      if (startMs < oldestAmendableMs(openFromMs)) this.#closed.delete(startMs);
    }
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    for (const windows of [this.#open, this.#late]) {
      into.list(windows, ([startMs, signals]) => {
        into.number(startMs);
        signals.encode(into);
      });
    }
    into.list(this.#closed, ([startMs, bytes]) => {
      into.number(startMs);
      into.bytes(bytes);
    });
    into.list(this.#ends, ({ startMs, moment }) => {
      into.number(startMs);
      encodeMoment(moment, into);
    });
    into.optional(this.#newestStartMs, (startMs) => into.number(startMs));
    for (const balance of [this.#books.pages, this.#books.runq, this.#books.gc]) encodeBalance(balance, into);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    for (const windows of [this.#open, this.#late]) {
      from.list(() => signalsOf(windows, from.number()).decode(from));
    }
    from.list(() => this.#closed.set(from.number(), from.bytes().slice()));
    from.list(() => this.#ends.push({ startMs: from.number(), moment: decodeMoment(from) }));
    this.#newestStartMs = from.optional(() => from.number());
    this.#books = { pages: decodeBalance(from), runq: decodeBalance(from), gc: decodeBalance(from) };
  }

  /** The state at the end of a window: the last one kept up to it, or the present one when no later batch has come. */
  #momentAt(startMs: number, now: () => NodeMoment): NodeMoment | null {
    if (this.#newestStartMs === null) return null;
    if (this.#newestStartMs <= startMs) {
      this.#ends.length = 0;
      return now();
    }
    const at = this.#ends.findLastIndex((end) => end.startMs <= startMs);
    if (at < 0) return null;
    const end = this.#ends[at]!;
    this.#ends.splice(0, at);
    return end.moment;
  }

  #keep(startMs: number, window: NodeWindow): NodeWindowRecord {
    const bytes = toBinary(NodeWindowSchema, window);
    this.#closed.set(startMs, bytes);
    return { window, bytes };
  }
}

function signalsOf(windows: Map<number, SignalSet>, startMs: number): SignalSet {
  let signals = windows.get(startMs);
  if (signals === undefined) {
    signals = new SignalSet();
    windows.set(startMs, signals);
  }
  return signals;
}
