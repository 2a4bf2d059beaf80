import type { EventLog } from "@farmscope/log";
import {
  AlertRecordSchema,
  type Balance,
  fromBinary,
  type NodeView,
  NodeViewSchema,
  Transition,
} from "@farmscope/proto";
import { Keys, type ViewStore } from "@farmscope/store";

/** The last line of `farmscope up --json`; its shape is part of the surface. */
export interface RunSummary {
  readonly source: string;
  readonly node: string | null;
  readonly nodes: number;
  readonly wall_s: number;
  readonly events: EventBalance;
  readonly batches: { readonly published: number; readonly folded: number };
  /** Share of the run's events that were neither lost nor held, 0..1. */
  readonly coverage: number;
  readonly windows_closed: number;
  readonly alerts: number;
  /** Share of managed frames whose rebuilt state is the kernel's; null where no kernel can be asked. */
  readonly right_ratio: number | null;
  /** Canonical hash of the folded state; null when it was not asked for. */
  readonly hash: string | null;
}

export interface EventBalance {
  readonly in: number;
  readonly folded: number;
  readonly dropped: number;
  readonly lost: number;
  readonly held: number;
}

/** Everything below is read from outside the services: from the log's streams and the store's views. */
export interface Outside {
  readonly log: EventLog;
  readonly store: ViewStore;
  readonly namespace: string;
  readonly partitions: number;
}

/** Views of all nodes that the store knows, by partition and name. */
export async function readNodeViews(outside: Outside): Promise<NodeView[]> {
  const keys = new Keys(outside.namespace);
  const views: NodeView[] = [];
  for (let partition = 0; partition < outside.partitions; partition++) {
    const names = await outside.store.list(keys.nodeIndex(partition));
    const values = await outside.store.getMany(names.map((name) => keys.node(partition, name)));
    for (const value of values) if (value !== null) views.push(fromBinary(NodeViewSchema, value));
  }
  return views;
}

export const NOTHING: EventBalance = { in: 0, folded: 0, dropped: 0, lost: 0, held: 0 };

/** Page and scheduling events of all nodes; counts are far below 2^53. */
export function balanceOf(views: readonly NodeView[]): EventBalance {
  return views.flatMap((view) => [view.pages, view.runq]).reduce(plus, NOTHING);
}

function plus(sum: EventBalance, balance: Balance | undefined): EventBalance {
  if (balance === undefined) return sum;
  return {
    in: sum.in + Number(balance.in),
    folded: sum.folded + Number(balance.folded),
    dropped: sum.dropped + Number(balance.dropped),
    lost: sum.lost + Number(balance.lost),
    held: sum.held + Number(balance.held),
  };
}

/** What was added between two readings. */
export function minus(after: EventBalance, before: EventBalance): EventBalance {
  return {
    in: after.in - before.in,
    folded: after.folded - before.folded,
    dropped: after.dropped - before.dropped,
    lost: after.lost - before.lost,
    held: after.held - before.held,
  };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function partitionsOf(outside: Outside): number[] {
  return Array.from({ length: outside.partitions }, (_, partition) => partition);
}

/** Newest position of each event partition: what was published. */
export async function eventPositions(outside: Outside): Promise<number[]> {
  return Promise.all(
    partitionsOf(outside).map(async (partition) => (await outside.log.positions({ kind: "event", partition })).last),
  );
}

/** Committed position of each event partition: what was folded. */
export async function committedPositions(outside: Outside): Promise<number[]> {
  return Promise.all(
    partitionsOf(outside).map(async (partition) => (await outside.store.committed(`p${partition}`))?.position ?? 0),
  );
}

const WINDOW_MS = 10_000;

/** Closed ten-second windows of all farms that started at `fromMs` or later. */
export async function countFarmWindows(outside: Outside, fromMs: number): Promise<number> {
  const keys = new Keys(outside.namespace);
  let count = 0;
  for (const partition of partitionsOf(outside)) {
    for (const farm of await outside.store.list(keys.farmIndex(partition))) {
      const series = keys.farmWindows(partition, WINDOW_MS, farm);
      count += (await outside.store.range(series, fromMs, Number.MAX_SAFE_INTEGER)).length;
    }
  }
  return count;
}

const RECORDS_MAX = 500;

/** Alerts that fired at `fromMs` or later, by the log. */
export async function countAlerts(log: EventLog, fromMs: number): Promise<number> {
  const { first, last } = await log.positions({ kind: "alert" });
  if (last < first) return 0;
  const reader = await log.read({ kind: "alert" }, { from: first, allowTruncated: true });
  const seen = new Set<string>();
  try {
    for (;;) {
      const records = await reader.next(RECORDS_MAX, 1_000);
      for (const record of records) {
        const { id, body } = fromBinary(AlertRecordSchema, record.payload);
        const hasFired = body.case === "event" && body.value.transition === Transition.FIRING;
        if (hasFired && record.appendedAtMs >= fromMs) seen.add(id);
      }
      if (records.length === 0 || records.at(-1)!.position >= last) return seen.size;
    }
  } finally {
    await reader.close();
  }
}
