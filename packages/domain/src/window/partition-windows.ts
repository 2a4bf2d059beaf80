import { create, type PartialWindow, PartialWindowSchema } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import { packNodes } from "./node-columns.ts";
import type { NodeMoment } from "./node-moment.ts";
import { SETTLED_QUANTILES, summaryOf, windowQuantiles } from "./node-summary.ts";
import type { NodeWindowRecord, NodeWindows } from "./node-windows.ts";
import {
  CLOSE_DELAY_MS,
  FORGOTTEN_AFTER_MS,
  OFFLINE_AFTER_MS,
  oldestAmendableMs,
  WIDE_WIDTHS_MS,
  WINDOW_MS,
  type WideWidthMs,
  type WidthMs,
  windowStartOf,
} from "./window-time.ts";

/** A pause of the whole partition, ticks included, from which on nobody was there: its windows are left out. */
export const SILENCE_MS = 60_000;

/** Most windows that one tick closes: after a pause without ticks the backlog is closed by the next few, in bounded steps. */
export const CLOSED_PER_TICK_MAX = 6;

/** What the closing of windows needs of a node. */
export interface WindowedNode {
  readonly node: string;
  readonly windows: NodeWindows;
  readonly lastAppendMs: number;
  moment(): NodeMoment;
}

/** A window's record as it goes to fs.view, and the nodes' bytes for the store. */
export interface WindowRecord {
  readonly partial: PartialWindow;
  readonly nodes: readonly { readonly node: string; readonly bytes: Uint8Array }[];
}

interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The clock of a partition's windows. Append times of records move the watermark; only ticks close and amend windows,
 * so what comes out depends on positions and never on how much was read at once.
 */
export class PartitionWindows {
  readonly #partition: number;
  /** Number of records written by width and start; the next record's revision. */
  readonly #revisions = new Map<WidthMs, Map<number, number>>();
  /** Start of the wide window that the last closed window lies in, by width, until that is closed too. */
  readonly #wide = new Map<WideWidthMs, number>();
  #quantiles: readonly number[] = SETTLED_QUANTILES;
  readonly #silences: Silence[] = [];
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #openFromMs = Number.NEGATIVE_INFINITY;

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** Greatest append time so far, Unix milliseconds; -Infinity before the first record. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** Start of the oldest window that is not closed, Unix milliseconds. */
  get openFromMs(): number {
    return this.#openFromMs;
  }

  isOnline(lastAppendMs: number): boolean {
    return this.#watermarkMs - lastAppendMs < OFFLINE_AFTER_MS;
  }

  /** A record was read. */
  pass(appendedAtMs: number): void {
    if (this.#watermarkMs === Number.NEGATIVE_INFINITY) {
      this.#openFromMs = windowStartOf(appendedAtMs);
    } else if (appendedAtMs - this.#watermarkMs >= SILENCE_MS) {
      this.#silences.push({ fromMs: windowStartOf(this.#watermarkMs) + WINDOW_MS, toMs: windowStartOf(appendedAtMs) });
    }
    this.#watermarkMs = Math.max(this.#watermarkMs, appendedAtMs);
  }

  /**
   * A tick was read: closes what is due, then amends what late data has come for, each in the order of time.
   * @param quantiles those that rules name, by the tick: windows above 10 s have them from here on.
   */
  tick(position: number, nodes: readonly WindowedNode[], quantiles: readonly number[] = []): WindowRecord[] {
    this.#quantiles = windowQuantiles(quantiles);
    const records: WindowRecord[] = [];
    for (let closed = 0; closed < CLOSED_PER_TICK_MAX; closed++) {
      this.#skipSilence();
      records.push(...this.#closeWide(position, nodes));
      if (this.#openFromMs + WINDOW_MS + CLOSE_DELAY_MS > this.#watermarkMs) break;
      records.push(this.#close(position, nodes));
      this.#openFromMs += WINDOW_MS;
      records.push(...this.#closeWide(position, nodes));
    }
    records.push(...this.#amend(position, nodes));
    if (records.length > 0) this.#expire(nodes);
    return records;
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.number(this.#watermarkMs);
    into.number(this.#openFromMs);
    into.list(this.#revisions, ([widthMs, revisions]) => {
      into.count(widthMs);
      into.list(revisions, ([startMs, revision]) => {
        into.number(startMs);
        into.count(revision);
      });
    });
    into.list(this.#wide, ([widthMs, startMs]) => {
      into.count(widthMs);
      into.number(startMs);
    });
    into.list(this.#silences, ({ fromMs, toMs }) => {
      into.number(fromMs);
      into.number(toMs);
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    this.#watermarkMs = from.number();
    this.#openFromMs = from.number();
    from.list(() => {
      const revisions = this.#revisionsOf(from.count() as WidthMs);
      from.list(() => revisions.set(from.number(), from.count()));
    });
    from.list(() => this.#wide.set(from.count() as WideWidthMs, from.number()));
    from.list(() => this.#silences.push({ fromMs: from.number(), toMs: from.number() }));
  }

  #skipSilence(): void {
    const silence = this.#silences[0];
    if (silence === undefined || this.#openFromMs < silence.fromMs) return;
    this.#openFromMs = Math.max(this.#openFromMs, silence.toMs);
    this.#silences.shift();
  }

  #close(position: number, nodes: readonly WindowedNode[]): WindowRecord {
    const startMs = this.#openFromMs;
    const records: NodeWindowRecord[] = [];
    for (const node of nodes) {
      const silentMs = startMs + WINDOW_MS - node.lastAppendMs;
      if (silentMs >= FORGOTTEN_AFTER_MS) continue;
      const record = node.windows.close(startMs, silentMs < OFFLINE_AFTER_MS, () => node.moment());
      if (record !== null) records.push(record);
    }
    for (const widthMs of WIDE_WIDTHS_MS) this.#wide.set(widthMs, windowStartOf(startMs, widthMs));
    return this.#record(WINDOW_MS, startMs, position, records);
  }

  /** Closes the wide windows that end where the windows of 10 s are closed up to; a silence ends them too. */
  #closeWide(position: number, nodes: readonly WindowedNode[]): WindowRecord[] {
    return [...this.#wide].flatMap(([widthMs, startMs]) => {
      if (startMs + widthMs > this.#openFromMs) return [];
      this.#wide.delete(widthMs);
      const records = nodes.map((node) => node.windows.closeWide(widthMs, startMs)).filter((record) => record !== null);
      return [this.#record(widthMs, startMs, position, records)];
    });
  }

  #amend(position: number, nodes: readonly WindowedNode[]): WindowRecord[] {
    const amended: NodeWindowRecord[] = [];
    for (const node of nodes) {
      for (const startMs of node.windows.lateStarts(this.#openFromMs)) {
        amended.push(node.windows.amend(startMs, this.#openFromMs, () => node.moment()));
      }
    }
    const wide = WIDE_WIDTHS_MS.flatMap((widthMs) => {
      const records = nodes.flatMap((node) => node.windows.takeAmendedWide(widthMs));
      return this.#byStart(widthMs, position, records);
    });
    return [...this.#byStart(WINDOW_MS, position, amended), ...wide];
  }

  #byStart(widthMs: WidthMs, position: number, records: readonly NodeWindowRecord[]): WindowRecord[] {
    return [...Map.groupBy(records, ({ startMs }) => startMs)]
      .sort(([a], [b]) => a - b)
      .map(([startMs, some]) => this.#record(widthMs, startMs, position, some));
  }

  #record(widthMs: WidthMs, startMs: number, position: number, records: readonly NodeWindowRecord[]): WindowRecord {
    const revisions = this.#revisionsOf(widthMs);
    const revision = revisions.get(startMs) ?? 0;
    revisions.set(startMs, revision + 1);
    const parts = records.flatMap((record) => record.parts);
    const place = {
      partition: this.#partition,
      widthMs,
      startMs: BigInt(startMs),
      revision,
      position: BigInt(position),
    };
    const quantiles = this.#quantiles;
    const content =
      widthMs === WINDOW_MS
        ? { nodes: parts }
        : {
            columns: packNodes(
              parts.map((part) => summaryOf(part, quantiles)),
              quantiles,
            ),
          };
    return { partial: create(PartialWindowSchema, { ...place, ...content }), nodes: records };
  }

  #revisionsOf(widthMs: WidthMs): Map<number, number> {
    let revisions = this.#revisions.get(widthMs);
    if (revisions === undefined) {
      revisions = new Map();
      this.#revisions.set(widthMs, revisions);
    }
    return revisions;
  }

  #expire(nodes: readonly WindowedNode[]): void {
    const oldestMs = oldestAmendableMs(this.#openFromMs);
    for (const [widthMs, revisions] of this.#revisions) {
      for (const startMs of revisions.keys()) if (startMs + widthMs - WINDOW_MS < oldestMs) revisions.delete(startMs);
    }
    for (const node of nodes) node.windows.expire(this.#openFromMs);
  }
}
