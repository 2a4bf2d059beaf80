import { create, type NodeWindow, NodeWindowSchema } from "@farmscope/proto";
import { SignalSet } from "../node/signal-set.ts";
import { decodeMessage } from "../state/message.ts";
import { StateReader } from "../state/state-reader.ts";
import { StateWriter } from "../state/state-writer.ts";
import {
  type Books,
  booksFromWindow,
  booksToWindow,
  decodeBooks,
  encodeBooks,
  encodeWindow,
  joinBooks,
  NO_BOOKS,
  wholeWindow,
} from "./window-part.ts";
import { oldestAmendableMs, WINDOW_MS, type WideWidthMs, windowStartOf } from "./window-time.ts";

/** A window that was closed or amended. */
export interface NodeWindowRecord {
  readonly node: string;
  readonly startMs: number;
  /** One for each farm that the node belonged to; the one at the window's end first. */
  readonly parts: readonly NodeWindow[];
  /** Everything of the node, for the store. */
  readonly bytes: Uint8Array;
}

const MILLION = 1_000_000;

/** What a wide window has so far of one node in one farm. */
interface WidePart {
  readonly signals: SignalSet;
  books: Books;
  /** Sum of what each window of 10 s had counted, in millionths: whole numbers, so that no order of adding matters. */
  coverage: number;
  online: boolean;
  /** Start of the newest window of 10 s at whose end the node belonged to this farm; -Infinity when there is none. */
  lastStartMs: number;
  /** That window, or the only one: memory and what else is a state. */
  last: NodeWindow;
}

/**
 * A node's windows of one width above 10 s: a fold of its closed windows of 10 s and of their amendments. What was
 * measured is summed; what is a state is that of the last of them; one that is missing counts as not covered.
 */
export class NodeRollup {
  readonly widthMs: WideWidthMs;
  readonly #node: string;
  readonly #open = new Map<number, Map<string, WidePart>>();
  /** Closed ones that may still be amended, encoded. */
  readonly #closed = new Map<number, Uint8Array>();
  readonly #amended = new Set<number>();

  constructor(node: string, widthMs: WideWidthMs) {
    this.#node = node;
    this.widthMs = widthMs;
  }

  /** A window of 10 s is closed. @param signals what was measured in it. */
  add(startMs: number, window: NodeWindow, signals: SignalSet): void {
    const parts = this.#openAt(windowStartOf(startMs, this.widthMs));
    this.#put(parts, startMs, null, window, signals);
    const part = parts.get(window.farm)!;
    part.books = joinBooks(part.books, booksFromWindow(window));
  }

  /**
   * A closed window of 10 s is amended.
   * @param before as it was; null when there was none.
   * @param late what came in addition.
   * @param openFromMs windows before this are closed.
   */
  amend(startMs: number, before: NodeWindow | null, after: NodeWindow, late: SignalSet, openFromMs: number): void {
    const wideMs = windowStartOf(startMs, this.widthMs);
    if (wideMs + this.widthMs > openFromMs) {
      this.#put(this.#openAt(wideMs), startMs, before, after, late);
      return;
    }
    const bytes = this.#closed.get(wideMs);
    const parts = bytes === undefined ? new Map<string, WidePart>() : decodeParts(bytes);
    this.#put(parts, startMs, before, after, late);
    this.#closed.set(wideMs, encodeParts(parts));
    this.#amended.add(wideMs);
  }

  /** Closes a window; null when nothing of the node lies in it. */
  close(wideMs: number): NodeWindowRecord | null {
    const parts = this.#open.get(wideMs);
    if (parts === undefined) return null;
    this.#open.delete(wideMs);
    this.#closed.set(wideMs, encodeParts(parts));
    return this.#record(wideMs, parts);
  }

  /** Closed windows that were amended since this was asked last, rising. */
  takeAmended(): NodeWindowRecord[] {
    const starts = [...this.#amended].sort((a, b) => a - b);
    this.#amended.clear();
    return starts.map((wideMs) => this.#record(wideMs, decodeParts(this.#closed.get(wideMs)!)));
  }

  /** Forgets closed windows of which no part is amended any more. */
  expire(openFromMs: number): void {
    for (const wideMs of this.#closed.keys()) {
      if (wideMs + this.widthMs <= oldestAmendableMs(openFromMs)) this.#closed.delete(wideMs);
    }
  }

  encode(into: StateWriter): void {
    into.list(this.#open, ([wideMs, parts]) => {
      into.number(wideMs);
      into.bytes(encodeParts(parts));
    });
    into.list(this.#closed, ([wideMs, bytes]) => {
      into.number(wideMs);
      into.bytes(bytes);
    });
    into.list(this.#amended, (wideMs) => into.number(wideMs));
  }

  decode(from: StateReader): void {
    from.list(() => this.#open.set(from.number(), decodeParts(from.bytes())));
    from.list(() => this.#closed.set(from.number(), from.bytes().slice()));
    from.list(() => this.#amended.add(from.number()));
  }

  #openAt(wideMs: number): Map<string, WidePart> {
    let parts = this.#open.get(wideMs);
    if (parts === undefined) {
      parts = new Map();
      this.#open.set(wideMs, parts);
    }
    return parts;
  }

  #put(parts: Map<string, WidePart>, startMs: number, before: NodeWindow | null, after: NodeWindow, more: SignalSet) {
    let part = parts.get(after.farm);
    if (part === undefined) {
      const lastStartMs = Number.NEGATIVE_INFINITY;
      part = { signals: new SignalSet(), books: NO_BOOKS, coverage: 0, online: false, lastStartMs, last: slim(after) };
      parts.set(after.farm, part);
    }
    part.signals.add(more);
    part.coverage += millionthsOf(after) - (before === null ? 0 : millionthsOf(before));
    part.online ||= after.online;
    if (before !== null) return;
    if (after.left || startMs < part.lastStartMs) return;
    part.lastStartMs = startMs;
    part.last = slim(after);
  }

  #record(wideMs: number, parts: ReadonlyMap<string, WidePart>): NodeWindowRecord {
    const rank = ([, part]: readonly [string, WidePart]): number => part.lastStartMs;
    const sorted = [...parts].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)) || (a[0] < b[0] ? -1 : 1));
    const windows = sorted.map(([farm, part], at) => this.#window(farm, part, at > 0));
    return { node: this.#node, startMs: wideMs, parts: windows, bytes: encodeWindow(this.#whole(windows)) };
  }

  #window(farm: string, part: WidePart, left: boolean): NodeWindow {
    const { last, online } = part;
    return create(NodeWindowSchema, {
      ...last,
      node: this.#node,
      farm,
      left,
      online,
      zones: left ? [] : last.zones,
      redis: left ? [] : last.redis,
      distributions: part.signals.toProto(),
      coverage: Math.min(1, part.coverage / MILLION / (this.widthMs / WINDOW_MS)),
      ...booksToWindow(part.books),
    });
  }

  /** Its coverage is what the parts cover together: they share the windows of 10 s. */
  #whole(windows: readonly NodeWindow[]): NodeWindow {
    const coverage = windows.reduce((sum, window) => sum + window.coverage, 0);
    return create(NodeWindowSchema, { ...wholeWindow(windows), coverage: Math.min(1, coverage) });
  }
}

/** What a window counted of what it should have. */
function millionthsOf({ left, online, observed, coverage }: NodeWindow): number {
  return left || (online && observed) ? Math.round(coverage * MILLION) : 0;
}

/** What a wide window takes over of one of 10 s: no cgroups, and nothing that can be computed from the rest. */
function slim(window: NodeWindow): NodeWindow {
  const { node, farm, observed, hugeOrder, redis, skewMs } = window;
  const zones = window.zones.map((zone) => ({ ...zone, buddyinfo: [], unusableIndex: [] }));
  return create(NodeWindowSchema, { node, farm, observed, hugeOrder, redis, skewMs, zones });
}

function encodeParts(parts: ReadonlyMap<string, WidePart>): Uint8Array {
  const writer = new StateWriter();
  writer.list(parts, ([farm, { signals, books, coverage, online, lastStartMs, last }]) => {
    writer.text(farm);
    signals.encode(writer);
    encodeBooks(books, writer);
    writer.number(coverage);
    writer.flag(online);
    writer.number(lastStartMs);
    writer.bytes(encodeWindow(last));
  });
  return writer.finish();
}

function decodeParts(bytes: Uint8Array): Map<string, WidePart> {
  const reader = new StateReader(bytes);
  const parts = reader.list((): [string, WidePart] => {
    const farm = reader.text();
    const signals = new SignalSet();
    signals.decode(reader);
    const books = decodeBooks(reader);
    const [coverage, online, lastStartMs] = [reader.number(), reader.flag(), reader.number()];
    return [farm, { signals, books, coverage, online, lastStartMs, last: decodeMessage(NodeWindowSchema, reader) }];
  });
  reader.expectEnd();
  return new Map(parts);
}
