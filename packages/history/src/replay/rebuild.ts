import { FOLD_VERSION } from "@farmscope/domain";
import type { EventLog } from "@farmscope/log";
import { fromBinary, NodeViewSchema } from "@farmscope/proto";
import { type Clock, type Logger, OperatingError } from "@farmscope/runtime";
import type { Keys, ViewStore } from "@farmscope/store";
import { lastValueFrom } from "rxjs";
import { FOLD_LIMITS } from "../limits.ts";
import { mergePipeline } from "../merge-pipeline.ts";
import { MergeState } from "../merge-state.ts";
import { type Difference, type DifferenceCount, Differences } from "./differences.ts";
import { type LivePartition, type LiveRecords, readLivePartition, readLiveRecords } from "./live-records.ts";
import { PartitionFold, startOfPartial } from "./partition-fold.ts";
import { RangeReader } from "./range-reader.ts";

export interface RebuildOptions {
  readonly log: EventLog;
  /** The live store; it is only read. */
  readonly store: ViewStore;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespace: string;
  readonly partitions: number;
}

export interface RebuildReport {
  readonly partials: DifferenceCount;
  readonly farms: DifferenceCount;
  readonly views: DifferenceCount;
  readonly events: number;
  readonly firstDifferences: readonly Difference[];
  /** Partitions whose oldest records and checkpoints are gone: their cumulative counts begin later than the live ones. */
  readonly openPartitions: readonly number[];
}

const ALL_TIME = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/**
 * Folds everything that the log retains again, in memory, and compares what comes out with the live views and view
 * records over the same range. Farms' windows are merged from the live partial windows, which say which of them came in
 * time. Live readers and the live store are not touched.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  const { log, store, keys, partitions } = options;
  const differences = new Differences();
  const live: LivePartition[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const found = await readLivePartition(store, keys, partition);
    if (found === null) throw new OperatingError("TIMEOUT", `partition ${partition} committed all the time`);
    live.push(found);
  }
  const records = await readLiveRecords(log);
  const openPartitions: number[] = [];
  let events = 0;
  for (const [partition, found] of live.entries()) {
    const folded = await rebuildPartition(options, partition, found, records, differences);
    events += folded.events;
    if (folded.isOpen) openPartitions.push(partition);
    await rebuildFarms(options, partition, records, differences);
  }
  return {
    partials: differences.of("partial window"),
    farms: differences.of("farm window"),
    views: differences.of("node view"),
    events,
    firstDifferences: differences.first,
    openPartitions,
  };
}

async function rebuildPartition(
  options: RebuildOptions,
  partition: number,
  live: LivePartition,
  records: LiveRecords,
  differences: Differences,
): Promise<{ readonly events: number; readonly isOpen: boolean }> {
  const { first } = await options.log.positions({ kind: "event", partition });
  const checkpoint = first > 1 ? "oldest" : "none";
  const range = { limits: FOLD_LIMITS, partition, range: ALL_TIME, last: live.position, checkpoint } as const;
  const fold = await PartitionFold.open({ ...options, ...range });
  const isOpen = fold.beganAt === first - 1 && first > 1;
  const before = fold.events;
  const seen = new Set<string>();
  try {
    await fold.foldBefore(Number.POSITIVE_INFINITY, async ({ effects }) => {
      for (const { id, payload } of effects) {
        if (startOfPartial(id) < records.oldestOf(id)) continue;
        seen.add(id);
        differences.compare("partial window", id, records.partials.get(id)?.payload, payload);
      }
    });
  } finally {
    await fold.reader.close();
  }
  for (const [id, record] of records.partials) {
    const isOurs = record.partition === partition && record.position > fold.beganAt && record.position <= live.position;
    if (isOurs && !seen.has(id)) differences.compare("partial window", id, record.payload, undefined);
  }
  compareViews(fold, live, differences);
  return { events: fold.events - before, isOpen };
}

/** Views of another fold version are compared too: they should have been written anew. */
function compareViews(fold: PartitionFold, live: LivePartition, differences: Differences): void {
  const rebuilt = new Map<string, Uint8Array>();
  for (const { value } of fold.views()) {
    const view = fromBinary(NodeViewSchema, value);
    if (view.foldVersion === FOLD_VERSION) rebuilt.set(view.node, value);
  }
  for (const node of new Set([...live.views.keys(), ...rebuilt.keys()])) {
    differences.compare("node view", node, live.views.get(node), rebuilt.get(node));
  }
}

async function rebuildFarms(
  { log, keys, clock, logger, partitions }: RebuildOptions,
  partition: number,
  records: LiveRecords,
  differences: Differences,
): Promise<void> {
  const { first } = await log.positions({ kind: "view" });
  const silence = { silentThrough: 0, recordId: "", onForeign: () => {}, lostTail: false };
  const state = new MergeState({ partition, partitions, keys }, silence);
  const reader = new RangeReader(
    await log.read({ kind: "view" }, { from: first, allowTruncated: true }),
    first,
    records.last,
  );
  reader.limitMs = Number.POSITIVE_INFINITY;
  const { signal } = new AbortController();
  const pull = { reader, clock, logger, signal, recordsMax: FOLD_LIMITS.pullRecordsMax, waitMs: () => 0 };
  const flush = async (): Promise<void> => {
    for (const { id, payload } of state.pending.effects) {
      const live = records.farms.get(id);
      // Windows that the merging has closed only now are not there to compare; of wide ones the parts may be gone.
      if (live !== undefined && (first === 1 || live.startMs >= records.oldestExactMs))
        differences.compare("farm window", id, live.payload, payload);
    }
    state.pending.clear();
  };
  const policy = { isDue: () => state.pending.writes > 0, isFull: () => false, flush };
  try {
    while (!reader.isOver) await lastValueFrom(mergePipeline(state, pull, policy), { defaultValue: undefined });
  } finally {
    await reader.close();
  }
}
