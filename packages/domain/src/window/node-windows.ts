import { create, type NodeWindow, NodeWindowSchema } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { decodeMoment, encodeMoment, type NodeMoment } from "./node-moment.ts";
import { NodeRollup, type NodeWindowRecord } from "./node-rollup.ts";
import {
  amendPart,
  areEmpty,
  type Books,
  booksBetween,
  booksOf,
  booksToWindow,
  coverageOfBooks,
  decodeBooks,
  decodeWindow,
  encodeBooks,
  encodeWindow,
  joinBooks,
  NO_BOOKS,
  WINDOW_CGROUPS_MAX,
  WindowPart,
  WindowParts,
  wholeWindow,
} from "./window-part.ts";
import { oldestAmendableMs, WIDE_WIDTHS_MS, type WideWidthMs, windowStartOf } from "./window-time.ts";

export type { NodeWindowRecord } from "./node-rollup.ts";

interface StoredMoment {
  readonly startMs: number;
  readonly moment: NodeMoment;
}

/**
 * The windows of one node. Latencies go into the window of their own event time; the state and the balance of a window
 * are those at its end, that is, before the first batch that is dated after it. What was measured counts for the farm in
 * the envelope of its batch: in the window in which a node moves it stands once for each farm.
 */
export class NodeWindows {
  readonly #node: string;
  readonly #pathOf: (cgroup: number) => string;
  readonly #open = new WindowParts();
  readonly #late = new WindowParts();
  /** Closed windows that still take late data, encoded: one for each farm, the one at the window's end first. */
  readonly #closed = new Map<number, readonly Uint8Array[]>();
  /** States at the ends of windows that are not closed yet but behind the newest batch. */
  readonly #ends: StoredMoment[] = [];
  /** States in which the node left a farm, by the window that it moved in. */
  readonly #moves: StoredMoment[] = [];
  readonly #rollups: readonly NodeRollup[];
  /** Window of the newest batch; null before the first. */
  #newestStartMs: number | null = null;
  #farm = "";
  #books: Books = NO_BOOKS;

  /** @param pathOf gives the path of a cgroup. */
  constructor(node: string, pathOf: (cgroup: number) => string = () => "") {
    this.#node = node;
    this.#pathOf = pathOf;
    this.#rollups = WIDE_WIDTHS_MS.map((widthMs) => new NodeRollup(node, widthMs));
  }

  /**
   * To be called before a batch is folded: keeps the state when the batch is the first one dated in a later window, or
   * the first one of another farm.
   * @param farm of the batch.
   * @param now gives the state as it is before the batch.
   */
  enter(dateMs: number, farm: string, now: () => NodeMoment): void {
    const startMs = windowStartOf(dateMs);
    const newestMs = Math.max(this.#newestStartMs ?? startMs, startMs);
    if (this.#newestStartMs !== null && startMs > this.#newestStartMs) {
      this.#ends.push({ startMs: this.#newestStartMs, moment: now() });
    }
    if (this.#newestStartMs !== null && farm !== this.#farm) this.#moves.push({ startMs: newestMs, moment: now() });
    this.#newestStartMs = newestMs;
    this.#farm = farm;
  }

  /**
   * Where a latency of this date goes, or null when it is too late for any window.
   * @param openFromMs windows before this are closed.
   */
  partAt(dateMs: number, openFromMs: number): WindowPart | null {
    const startMs = windowStartOf(dateMs);
    if (startMs >= openFromMs) return this.#open.of(startMs, this.#farm);
    return startMs >= oldestAmendableMs(openFromMs) ? this.#late.of(startMs, this.#farm) : null;
  }

  /**
   * Closes a window. Returns null when the node was not there yet.
   * @param online whether the node spoke lately.
   * @param now gives the state as it is.
   */
  close(startMs: number, online: boolean, now: () => NodeMoment): NodeWindowRecord | null {
    const moment = this.#momentAt(startMs, now);
    if (moment === null) return null;
    const measured = this.#open.take(startMs);
    const books = this.#settle(startMs, moment);
    const farms = new Set([moment.farm, ...measured.keys()]);
    for (const [farm, moved] of books) if (!areEmpty(moved)) farms.add(farm);
    const parts = [...farms].map((farm) => {
      const part = measured.get(farm) ?? new WindowPart();
      const window =
        farm === moment.farm
          ? this.#present(moment, online, part, books.get(farm)!)
          : this.#left(farm, part, books.get(farm) ?? NO_BOOKS);
      for (const rollup of this.#rollups) rollup.add(startMs, window, part.signals);
      return window;
    });
    return this.#keep(startMs, parts);
  }

  /** Closes a window of a greater width, when all windows of 10 s in it are closed; null when nothing lies in it. */
  closeWide(widthMs: WideWidthMs, startMs: number): NodeWindowRecord | null {
    return this.#rollup(widthMs).close(startMs);
  }

  /**
   * Starts of the windows before `openFromMs` that late data has come for, rising. Data of a window that was left out
   * when its time came is late too.
   */
  lateStarts(openFromMs: number): number[] {
    for (const startMs of this.#open.starts()) {
      if (startMs >= openFromMs) continue;
      for (const [farm, part] of this.#open.take(startMs)) this.#late.of(startMs, farm).add(part);
    }
    return this.#late.starts().sort((a, b) => a - b);
  }

  /**
   * Puts the late data of a closed window into it. The node was there after all, so it counts as online.
   * @param openFromMs windows before this are closed.
   */
  amend(startMs: number, openFromMs: number, now: () => NodeMoment): NodeWindowRecord {
    const parts = (this.#closed.get(startMs) ?? []).map(decodeWindow);
    for (const [farm, late] of this.#late.take(startMs)) {
      const known = parts.find((part) => part.farm === farm);
      const before = known === undefined ? null : create(NodeWindowSchema, { ...known });
      const window = known ?? this.#unseen(farm, parts.length > 0, now().hugeOrder);
      if (known === undefined) parts.push(window);
      amendPart(window, late, this.#pathOf);
      window.online = true;
      for (const rollup of this.#rollups) rollup.amend(startMs, before, window, late.signals, openFromMs);
    }
    return this.#keep(startMs, parts);
  }

  /** Windows of a greater width that were amended since this was asked last, rising. */
  takeAmendedWide(widthMs: WideWidthMs): NodeWindowRecord[] {
    return this.#rollup(widthMs).takeAmended();
  }

  /** Forgets closed windows that take no late data any more. */
  expire(openFromMs: number): void {
    for (const startMs of this.#closed.keys()) {
      if (startMs < oldestAmendableMs(openFromMs)) this.#closed.delete(startMs);
    }
    for (const rollup of this.#rollups) rollup.expire(openFromMs);
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    this.#open.encode(into);
    this.#late.encode(into);
    into.list(this.#closed, ([startMs, parts]) => {
      into.number(startMs);
      into.list(parts, (bytes) => into.bytes(bytes));
    });
    for (const moments of [this.#ends, this.#moves]) {
      into.list(moments, ({ startMs, moment }) => {
        into.number(startMs);
        encodeMoment(moment, into);
      });
    }
    for (const rollup of this.#rollups) rollup.encode(into);
    into.optional(this.#newestStartMs, (startMs) => into.number(startMs));
    into.text(this.#farm);
    encodeBooks(this.#books, into);
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.#open.decode(from);
    this.#late.decode(from);
    from.list(() => {
      const startMs = from.number();
      this.#closed.set(
        startMs,
        from.list(() => from.bytes().slice()),
      );
    });
    for (const moments of [this.#ends, this.#moves]) {
      from.list(() => moments.push({ startMs: from.number(), moment: decodeMoment(from) }));
    }
    for (const rollup of this.#rollups) rollup.decode(from);
    this.#newestStartMs = from.optional(() => from.number());
    this.#farm = from.text();
    this.#books = decodeBooks(from);
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

  /** What moved since the last window was closed, by the farm that it counts for. */
  #settle(startMs: number, end: NodeMoment): Map<string, Books> {
    const books = new Map<string, Books>();
    const count = (moment: NodeMoment): void => {
      const moved = booksBetween(this.#books, moment);
      const known = books.get(moment.farm);
      books.set(moment.farm, known === undefined ? moved : joinBooks(known, moved));
      this.#books = booksOf(moment);
    };
    while ((this.#moves[0]?.startMs ?? Number.POSITIVE_INFINITY) <= startMs) count(this.#moves.shift()!.moment);
    count(end);
    return books;
  }

  #present(moment: NodeMoment, online: boolean, part: WindowPart, books: Books): NodeWindow {
    return create(NodeWindowSchema, {
      ...this.#measured(moment.farm, part, books),
      online,
      zones: [...moment.zones],
      observed: moment.observed,
      hugeOrder: moment.hugeOrder,
      redis: [...moment.redis],
      skewMs: moment.skewMs,
    });
  }

  #left(farm: string, part: WindowPart, books: Books): NodeWindow {
    return create(NodeWindowSchema, { ...this.#measured(farm, part, books), online: true, left: true });
  }

  /** A window of which nothing was known before late data came for it. */
  #unseen(farm: string, left: boolean, hugeOrder: number): NodeWindow {
    return create(NodeWindowSchema, { node: this.#node, farm, left, hugeOrder, coverage: 1 });
  }

  #measured(farm: string, part: WindowPart, books: Books) {
    const { shown, summed } = part.cgroups.top(WINDOW_CGROUPS_MAX, this.#pathOf);
    return {
      node: this.#node,
      farm,
      distributions: part.signals.toProto(),
      cgroups: [...shown],
      cgroupsSummed: summed,
      coverage: coverageOfBooks(books),
      ...booksToWindow(books),
    };
  }

  #keep(startMs: number, parts: readonly NodeWindow[]): NodeWindowRecord {
    const encoded = parts.map(encodeWindow);
    this.#closed.set(startMs, encoded);
    const bytes = parts.length === 1 ? encoded[0]! : encodeWindow(wholeWindow(parts));
    return { node: this.#node, startMs, parts, bytes };
  }

  #rollup(widthMs: WideWidthMs): NodeRollup {
    return this.#rollups.find((rollup) => rollup.widthMs === widthMs)!;
  }
}
