import { create, type NodeWindow, type PartialWindow, PartialWindowSchema } from "@farmscope/proto";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";
import type { NodeMoment } from "./node-moment.ts";
import type { NodeWindowRecord, NodeWindows } from "./node-windows.ts";
import {
  CLOSE_DELAY_MS,
  FORGOTTEN_AFTER_MS,
  OFFLINE_AFTER_MS,
  oldestAmendableMs,
  WINDOW_MS,
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
  readonly #revisions = new Map<number, number>();
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

  /** A tick was read: closes what is due, then amends what late data has come for, each in the order of time. */
  tick(position: number, nodes: readonly WindowedNode[]): WindowRecord[] {
    const closed: WindowRecord[] = [];
    while (closed.length < CLOSED_PER_TICK_MAX) {
      this.#skipSilence();
      if (this.#openFromMs + WINDOW_MS + CLOSE_DELAY_MS > this.#watermarkMs) break;
      closed.push(this.#close(position, nodes));
      this.#openFromMs += WINDOW_MS;
    }
    closed.push(...this.#amend(position, nodes));
    if (closed.length > 0) this.#expire(nodes);
    return closed;
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.number(this.#watermarkMs);
    into.number(this.#openFromMs);
    into.list(this.#revisions, ([startMs, revision]) => {
      into.number(startMs);
      into.count(revision);
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
    from.list(() => this.#revisions.set(from.number(), from.count()));
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
    return this.#record(startMs, position, records);
  }

  #amend(position: number, nodes: readonly WindowedNode[]): WindowRecord[] {
    const records = new Map<number, NodeWindowRecord[]>();
    for (const node of nodes) {
      for (const startMs of node.windows.lateStarts(this.#openFromMs)) {
        const record = node.windows.amend(startMs, () => node.moment());
        records.set(startMs, [...(records.get(startMs) ?? []), record]);
      }
    }
    return [...records].sort(([a], [b]) => a - b).map(([startMs, some]) => this.#record(startMs, position, some));
  }

  #record(startMs: number, position: number, records: readonly NodeWindowRecord[]): WindowRecord {
    const revision = this.#revisions.get(startMs) ?? 0;
    this.#revisions.set(startMs, revision + 1);
    const nodes: NodeWindow[] = records.map(({ window }) => window);
    const partial = create(PartialWindowSchema, {
      partition: this.#partition,
      widthMs: WINDOW_MS,
      startMs: BigInt(startMs),
      revision,
      position: BigInt(position),
      nodes,
    });
    return { partial, nodes: records.map(({ window, bytes }) => ({ node: window.node, bytes })) };
  }

  #expire(nodes: readonly WindowedNode[]): void {
    const oldestMs = oldestAmendableMs(this.#openFromMs);
    for (const startMs of this.#revisions.keys()) if (startMs < oldestMs) this.#revisions.delete(startMs);
    for (const node of nodes) node.windows.expire(this.#openFromMs);
  }
}
