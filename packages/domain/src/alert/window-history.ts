import type { FarmWindow, NodeWindow, Signal } from "@farmscope/proto";
import { type DecodedDistribution, decodeDistribution } from "./decoded-distribution.ts";
import { NodeSight } from "./node-sight.ts";

/** A farm's closing record at its place in fs.view, with its numbers as doubles, and its nodes. */
export interface ClosedWindow {
  readonly farm: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly widthMs: number;
  readonly position: number;
  /** When the record was written, in the time of the log, Unix milliseconds. */
  readonly appendedAtMs: number;
  readonly record: FarmWindow;
  /** Its nodes by id, in the order of the record. */
  readonly sights: ReadonlyMap<string, NodeSight>;
  /** The farm's distribution of a signal; null when it is malformed. Decoded once. */
  distribution(signal: Signal): DecodedDistribution | null;
}

/** Where a record stands. */
export interface WindowPlace {
  readonly position: number;
  readonly appendedAtMs: number;
}

/** @param nodes the records of the farm's nodes in this window, by id, as far as they are at hand. */
export function closedWindowOf(
  record: FarmWindow,
  place: WindowPlace,
  nodes: ReadonlyMap<string, NodeWindow> = NO_NODES,
): ClosedWindow {
  const startMs = Number(record.startMs);
  const { farm, widthMs } = record;
  const decoded = new Map<Signal, DecodedDistribution | null>();
  return {
    farm,
    startMs,
    endMs: startMs + widthMs,
    widthMs,
    ...place,
    record,
    sights: sightsOf(record, nodes),
    distribution: (signal) => {
      const known = decoded.get(signal);
      if (known !== undefined) return known;
      const view = record.distributions.find((candidate) => candidate.signal === signal)?.distribution;
      const distribution = decodeDistribution(view);
      decoded.set(signal, distribution);
      return distribution;
    },
  };
}

const NO_NODES: ReadonlyMap<string, NodeWindow> = new Map();

/** The farm's record says which nodes there are; their own records say more of each. */
function sightsOf(record: FarmWindow, nodes: ReadonlyMap<string, NodeWindow>): Map<string, NodeSight> {
  const sights = new Map<string, NodeSight>();
  for (const line of record.nodes) {
    const own = nodes.get(line.node);
    const sight = own === undefined ? NodeSight.ofLine(line, record.hugeOrder) : NodeSight.ofWindow(own);
    sights.set(line.node, sight);
  }
  return sights;
}

/**
 * The last closing records of one farm, as far back as the longest window of any rule reaches. Ordered by time; holes
 * stay holes.
 */
export class WindowHistory {
  #windows: ClosedWindow[] = [];

  /**
   * Takes the next window and forgets those that end before the span; of those that stay only latencies are needed.
   * @param spanMs event time that is kept, in milliseconds.
   * @returns false, leaving everything as it was, when it does not begin after the newest one: it was seen before.
   */
  add(window: ClosedWindow, spanMs: number): boolean {
    const newest = this.#windows.at(-1);
    if (newest !== undefined && window.startMs <= newest.startMs) return false;
    for (const sight of newest?.sights.values() ?? []) sight.keepLatencies();
    const keepFromMs = window.endMs - spanMs;
    this.#windows = this.#windows.filter((kept) => kept.startMs >= keepFromMs);
    this.#windows.push(window);
    return true;
  }

  /** Windows that begin within the last `spanMs` before the end of the newest, rising. At least the newest. */
  last(spanMs: number): readonly ClosedWindow[] {
    const newest = this.#windows.at(-1);
    if (newest === undefined) return [];
    const fromMs = Math.min(newest.startMs, newest.endMs - spanMs);
    return this.#windows.filter((window) => window.startMs >= fromMs);
  }

  /** Position in fs.view of the oldest window kept; null when there is none. */
  get oldestPosition(): number | null {
    return this.#windows[0]?.position ?? null;
  }
}
