import { FarmMerge, FOLD_VERSION, farmId, WIDTHS_MS, type WidthMs } from "@farmscope/domain";
import type { LogRecord } from "@farmscope/log";
import { create, type FarmWindow, FarmWindowSchema, fromBinary, toBinary, ViewRecordSchema } from "@farmscope/proto";
import type { Cluster } from "../cluster.ts";
import { isEqual } from "../witness.ts";
import { rebuild } from "./rebuild.ts";

/**
 * Whether the log's view records, and the store, are what folding the same log again gives.
 * @param views the records of windows of 10 s, in order.
 * @param wide those of the others.
 */
export async function checkViews(
  cluster: Cluster,
  views: readonly LogRecord[],
  wide: readonly LogRecord[],
  partitions: readonly LogRecord[][],
) {
  const { witness } = cluster;
  const committed = partitions.map((records, number) => {
    const position = witness.positions.get(`p${number}`) ?? 0;
    return records.filter((record) => record.position <= position);
  });
  const rebuilt = await rebuild(committed);
  if (!rebuilt.isComplete) witness.report("the log cannot be folded again");
  const written = new Map([...views, ...wide].map(({ key, payload }) => [idOf(payload), { key, payload }]));
  for (const [id, payload] of rebuilt.views) compare(cluster, `record ${id}`, written.get(id)?.payload, payload);
  for (const [id, { key, payload }] of written) {
    if (key.startsWith("partial/") && isCovered(cluster, payload) && !rebuilt.views.has(id)) {
      witness.report(`record ${id} is in the log, but the fold of the log does not give it`);
    }
  }
  for (const [number] of partitions.entries()) await checkStored(cluster, number, rebuilt.store);
  await checkFarms(cluster, views, written);
}

/** Whether a partial record lies at or before its partition's committed position. */
function isCovered({ witness }: Cluster, payload: Uint8Array): boolean {
  const { body } = fromBinary(ViewRecordSchema, payload);
  if (body.case !== "partial") return false;
  return Number(body.value.position) <= (witness.positions.get(`p${body.value.partition}`) ?? 0);
}

async function checkStored(cluster: Cluster, partition: number, expected: Cluster["store"]): Promise<void> {
  const { store, keys } = cluster;
  for (const node of await expected.list(keys.nodeIndex(partition))) {
    const key = keys.node(partition, node);
    compare(cluster, `view ${key}`, await store.get(key), await expected.get(key));
    for (const widthMs of WIDTHS_MS) {
      await checkSeries(cluster, keys.nodeWindows(partition, widthMs, node), expected);
    }
  }
}

async function checkSeries(cluster: Cluster, series: string, expected: Cluster["store"]): Promise<void> {
  const found = new Map((await rangeOf(cluster.store, series)).map(({ startMs, value }) => [startMs, value]));
  for (const { startMs, value } of await rangeOf(expected, series)) {
    compare(cluster, `window ${series} from ${startMs}`, found.get(startMs), value);
    found.delete(startMs);
  }
  for (const startMs of found.keys()) cluster.witness.report(`there should be no window ${series} from ${startMs}`);
}

/** Merges the partial records once more, record by record. */
async function checkFarms(
  cluster: Cluster,
  views: readonly LogRecord[],
  written: ReadonlyMap<string, { readonly key: string; readonly payload: Uint8Array }>,
): Promise<void> {
  const { scenario, witness, store, keys } = cluster;
  const due = new Map<string, Uint8Array>();
  for (let partition = 0; partition < scenario.partitions; partition++) {
    const merge = new FarmMerge(partition, scenario.partitions);
    const committed = witness.positions.get(`m${partition}`) ?? 0;
    for (const { position, payload, appendedAtMs } of views) {
      const { body } = fromBinary(ViewRecordSchema, payload);
      if (body.case !== "partial") continue;
      for (const window of merge.apply(body.value, appendedAtMs, position)) {
        const { id, bytes } = recordOf(window);
        due.set(id, bytes);
        if (position > committed) continue;
        compare(cluster, `record ${id}`, written.get(id)?.payload, bytes);
        if (!written.has(nextRevision(id))) {
          const startMs = Number(window.startMs);
          const [entry] = await store.range(
            keys.farmWindows(partition, window.widthMs, window.farm),
            startMs,
            startMs + 1,
          );
          compare(cluster, `window of ${id}`, entry?.value, toBinary(FarmWindowSchema, window));
        }
      }
    }
  }
  for (const [id, { key, payload }] of written) {
    if (key.startsWith("farm/")) compare(cluster, `record ${id}`, payload, due.get(id));
  }
}

function recordOf(window: FarmWindow) {
  const { farm, startMs, revision, widthMs } = window;
  const id = farmId(farm, Number(startMs), revision, widthMs as WidthMs);
  const body = { case: "farm", value: window } as const;
  return { id, bytes: toBinary(ViewRecordSchema, create(ViewRecordSchema, { foldVersion: FOLD_VERSION, id, body })) };
}

function nextRevision(id: string): string {
  const at = id.lastIndexOf("/") + 1;
  return `${id.slice(0, at)}${Number(id.slice(at)) + 1}`;
}

function compare(
  { witness }: Cluster,
  what: string,
  found: Uint8Array | null | undefined,
  expected: Uint8Array | null | undefined,
): void {
  if (found == null && expected == null) return;
  if (found == null) witness.report(`${what} is missing`);
  else if (expected == null) witness.report(`${what} is there, but the fold of the log does not give it`);
  else if (!isEqual(found, expected)) witness.report(`${what} is not what the fold of the log gives`);
}

function idOf(payload: Uint8Array): string {
  return fromBinary(ViewRecordSchema, payload).id;
}

async function rangeOf(store: Cluster["store"], series: string) {
  return store.range(series, 0, Number.MAX_SAFE_INTEGER);
}
