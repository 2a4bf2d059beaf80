import type { Batch, HistogramDelta } from "@farmscope/proto";
import { RunqColumns } from "../distribution/columns.ts";
import { decodeSlotPairs, type SlotPairs } from "../distribution/slot-pairs.ts";
import { PageColumns } from "../page/columns.ts";
import { forEachObservationRun, OBSERVATION_CHUNK_FRAMES_MAX } from "../wire/observation-runs.ts";
import { decodePageColumns } from "../wire/page-columns.ts";
import { decodeRunqColumns } from "../wire/runq-columns.ts";
import { WireFormatError } from "../wire/wire-format-error.ts";

export interface HistogramGain {
  readonly delta: HistogramDelta;
  readonly pairs: SlotPairs;
}

const ignoreRun = (): void => {};

/**
 * Everything packed in a batch, unpacked, before any of it is folded: so a batch is folded whole or not at all. One is
 * enough for a partition: its columns are reused from batch to batch.
 */
export class BatchContent {
  readonly pages = new PageColumns();
  readonly runq = new RunqColumns();
  histograms: readonly HistogramGain[] = [];

  /** @throws {WireFormatError} when any part does not follow its format. */
  decode(batch: Batch): void {
    const baseTick = Number(batch.clock?.baseTick ?? 0n);
    this.pages.length = 0;
    this.runq.length = 0;
    if (batch.pages !== undefined) {
      decodePageColumns(batch.pages.columns, batch.pages.count, baseTick, this.pages);
    }
    if (batch.runq !== undefined) decodeRunqColumns(batch.runq.columns, batch.runq.count, baseTick, this.runq);
    this.histograms = batch.histograms.map((delta) => ({ delta, pairs: decodeSlotPairs(delta.slots) }));
    for (const chunk of batch.observation?.chunks ?? []) {
      if (chunk.count > OBSERVATION_CHUNK_FRAMES_MAX) {
        throw new WireFormatError("over-limit", `an observation chunk of ${chunk.count} frames`);
      }
      forEachObservationRun(chunk.runs, chunk.count, ignoreRun);
    }
  }

  /** Newest tick in the batch, or its base when it carries nothing. */
  newestTick(batch: Batch): number {
    const baseTick = Number(batch.clock?.baseTick ?? 0n);
    let newest = baseTick;
    if (this.pages.length > 0) newest = Math.max(newest, this.pages.tick[this.pages.length - 1]!);
    if (this.runq.length > 0) newest = Math.max(newest, this.runq.tick[this.runq.length - 1]!);
    for (const pause of batch.gcPauses) newest = Math.max(newest, baseTick + Number(pause.endTickOffset));
    for (const { delta } of this.histograms) newest = Math.max(newest, Number(delta.toTick));
    for (const chunk of batch.observation?.chunks ?? []) newest = Math.max(newest, Number(chunk.endTick));
    return Math.max(newest, Number(batch.gauges?.tick ?? 0n));
  }
}
