import { WIDTHS_MS, WINDOW_MS } from "@farmscope/domain";
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
  /** Start of the oldest record of the width that an id names, Unix milliseconds. */
  readonly oldestOf: (id: string) => number;
  /** Start of the oldest window of 10 s, of which the others are made. */
  readonly oldestExactMs: number;
  /** Position of the newest record of 10 s. */
  readonly last: number;
}

/** What the store holds of a partition at one position. */
export interface LivePartition {
  readonly position: number;
  readonly views: ReadonlyMap<string, Uint8Array>;
}

/** Reads all of fs.view that is retained now, of every width. */
export async function readLiveRecords(log: EventLog): Promise<LiveRecords> {
  const partials = new Map<string, LiveRecord>();
  const farms = new Map<string, LiveRecord>();
  const oldestMs = new Map<number, number>();
  const lasts = new Map<number, number>();
  for (const widthMs of WIDTHS_MS) {
    const stream = { kind: "view", widthMs } as const;
    const { first, last } = await log.positions(stream);
    lasts.set(widthMs, last);
    const reader = new RangeReader(await log.read(stream, { from: first, allowTruncated: true }), first, last);
    reader.limitMs = Number.POSITIVE_INFINITY;
    try {
      while (!reader.isOver) {
        for (const { payload } of await reader.next(RECORDS_MAX)) {
          const { id, body } = fromBinary(ViewRecordSchema, payload);
          if (body.case === undefined) continue;
          const startMs = Number(body.value.startMs);
          oldestMs.set(widthMs, Math.min(startMs, oldestMs.get(widthMs) ?? startMs));
          if (body.case === "farm") {
            if (!farms.has(id)) farms.set(id, { payload, startMs, partition: -1, position: 0 });
            continue;
          }
          const { partition, position } = body.value;
          if (!partials.has(id)) partials.set(id, { payload, startMs, partition, position: Number(position) });
        }
      }
    } finally {
      await reader.close();
    }
  }
  const oldestOf = (id: string): number => oldestMs.get(Number(id.split("/")[2])) ?? Number.POSITIVE_INFINITY;
  const oldestExactMs = oldestMs.get(WINDOW_MS) ?? Number.POSITIVE_INFINITY;
  return { partials, farms, oldestOf, oldestExactMs, last: lasts.get(WINDOW_MS) ?? 0 };
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
