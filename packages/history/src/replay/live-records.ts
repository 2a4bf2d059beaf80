import type { EventLog } from "@farmscope/log";
import { fromBinary, ViewRecordSchema } from "@farmscope/proto";
import type { Keys, ViewStore } from "@farmscope/store";
import { RangeReader } from "./range-reader.ts";

const RECORDS_MAX = 256;
const TRIES_MAX = 100;

/** A live view record. */
export interface LiveRecord {
  readonly payload: Uint8Array;
  readonly startMs: number;
  /** Of a partial: its partition, and the position of the tick that closed it. */
  readonly partition: number;
  readonly position: number;
}

/** What fs.view holds, by id. A record that was repeated counts once, as readers see it. */
export interface LiveRecords {
  readonly partials: ReadonlyMap<string, LiveRecord>;
  readonly farms: ReadonlyMap<string, LiveRecord>;
  /** Start of the oldest partial, Unix milliseconds. */
  readonly oldestMs: number;
  /** Position of the newest record. */
  readonly last: number;
}

/** What the store holds of a partition at one position. */
export interface LivePartition {
  readonly position: number;
  readonly views: ReadonlyMap<string, Uint8Array>;
}

/** Reads all of fs.view that is retained now. */
export async function readLiveRecords(log: EventLog): Promise<LiveRecords> {
  const partials = new Map<string, LiveRecord>();
  const farms = new Map<string, LiveRecord>();
  let oldestMs = Number.POSITIVE_INFINITY;
  const { first, last } = await log.positions({ kind: "view" });
  const reader = new RangeReader(await log.read({ kind: "view" }, { from: first, allowTruncated: true }), first, last);
  reader.limitMs = Number.POSITIVE_INFINITY;
  try {
    while (!reader.isOver) {
      for (const { payload } of await reader.next(RECORDS_MAX)) {
        const { id, body } = fromBinary(ViewRecordSchema, payload);
        if (body.case === undefined) continue;
        const startMs = Number(body.value.startMs);
        if (body.case === "farm") {
          if (!farms.has(id)) farms.set(id, { payload, startMs, partition: -1, position: 0 });
          continue;
        }
        const { partition, position } = body.value;
        oldestMs = Math.min(oldestMs, startMs);
        if (!partials.has(id)) partials.set(id, { payload, startMs, partition, position: Number(position) });
      }
    }
  } finally {
    await reader.close();
  }
  return { partials, farms, oldestMs, last };
}

/** Reads a partition's views between two commits, so that they are of one position; null when commits never paused. */
export async function readLivePartition(
  store: ViewStore,
  keys: Keys,
  partition: number,
): Promise<LivePartition | null> {
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const before = await store.committed(`p${partition}`);
    const nodes = await store.list(keys.nodeIndex(partition));
    const bytes = await store.getMany(nodes.map((node) => keys.node(partition, node)));
    const after = await store.committed(`p${partition}`);
    if (before?.position !== after?.position) continue;
    const views = new Map(nodes.flatMap((node, at) => (bytes[at] ? [[node, bytes[at]] as const] : [])));
    return { position: after?.position ?? 0, views };
  }
  return null;
}
