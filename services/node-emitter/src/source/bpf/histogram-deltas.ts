import { encodeSlotPairs } from "@farmscope/domain";
import { create, type HistogramDelta, HistogramDeltaSchema, Signal } from "@farmscope/proto";
import { WIRE_SLOTS } from "../wire.gen.ts";
import { HISTOGRAM_COLUMNS } from "./native.ts";

/** RUNQ_CGROUPS_MAX of bpf/sched.bpf.c and one row for the rest. */
export const HISTOGRAM_ROWS_MAX = 257;
/** From so many rows on, cgroups that are gone are forgotten. */
const ROWS_CROWDED = 192;

/** Where the histograms stand. */
export interface HistogramTable {
  /** @returns rows of {@link HISTOGRAM_COLUMNS} written: cgroup, sum in nanoseconds, slots. */
  histograms(rows: Float64Array): number;
  forgetHistogram(cgroup: number): void;
}

/** Turns the kernel's histograms, which only grow, into what each gained between two readings. */
export class HistogramDeltas {
  readonly #table: HistogramTable;
  readonly #rows = new Float64Array(HISTOGRAM_ROWS_MAX * HISTOGRAM_COLUMNS);
  readonly #before = new Map<number, Float64Array>();
  #beforeTick: number;

  /** @param tick when counting began. */
  constructor(table: HistogramTable, tick: number) {
    this.#table = table;
    this.#beforeTick = tick;
  }

  /**
   * Reads all histograms and gives what grew.
   * @param living the cgroups that are there; asked only when the table is getting full.
   */
  read(tick: number, give: (delta: HistogramDelta) => void, living: () => ReadonlyMap<number, string>): void {
    const count = this.#table.histograms(this.#rows);
    const idle: number[] = [];
    for (let row = 0; row < count; row++) {
      const delta = this.#delta(this.#rows.subarray(row * HISTOGRAM_COLUMNS, (row + 1) * HISTOGRAM_COLUMNS), tick);
      if (delta === null) idle.push(this.#rows[row * HISTOGRAM_COLUMNS]);
      else give(delta);
    }
    this.#beforeTick = tick;
    if (count >= ROWS_CROWDED) this.#forget(idle, living());
  }

  #delta(row: Float64Array, tick: number): HistogramDelta | null {
    const cgroup = row[0];
    const before = this.#before.get(cgroup) ?? new Float64Array(HISTOGRAM_COLUMNS);
    const gained = row.map((value, column) => value - before[column]);
    if (!gained.subarray(2, 2 + WIRE_SLOTS).some((count) => count > 0)) return null;
    this.#before.set(cgroup, row.slice());
    return create(HistogramDeltaSchema, {
      signal: Signal.RUNQ_DELAY,
      cgroup,
      fromTick: BigInt(this.#beforeTick),
      toTick: BigInt(tick),
      slots: encodeSlotPairs(gained.subarray(2)),
      sumNs: BigInt(Math.max(0, gained[1])),
    });
  }

  /** A cgroup that is gone and gained nothing has no task left that could still be counted. */
  #forget(idle: readonly number[], living: ReadonlyMap<number, string>): void {
    for (const cgroup of idle) {
      if (cgroup === 0 || living.has(cgroup)) continue;
      this.#table.forgetHistogram(cgroup);
      this.#before.delete(cgroup);
    }
  }
}
