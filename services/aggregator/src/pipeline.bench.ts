import { createHash } from "node:crypto";
import { BatchContent, canonicalBytes, NodeFold } from "@farmscope/domain";
import { ScriptedNode } from "@farmscope/history/fixtures";
import { MemoryLog } from "@farmscope/log";
import { type Batch, EventRecordSchema, fromBinary, NodeViewSchema } from "@farmscope/proto";
import { createLogger, invariant, SystemClock } from "@farmscope/runtime";
import { Keys, MemoryStore } from "@farmscope/store";
import { DEFAULT_LIMITS } from "./config.ts";
import { runUntil } from "./fixtures/world.ts";
import { Focus } from "./focus.ts";
import { PartitionWorker } from "./partition-worker.ts";

const EVENTS_PER_BATCH = 4_096;
const LOG_BYTES_MAX = 2 ** 30;
const BASE_MS = 1_700_000_000_000;
/** Between two batches of a node, as a busy one sends them. */
const BATCH_MS = 50;

interface Size {
  readonly nodes: number;
  readonly batchesPerNode: number;
}

const SMOKE: Size = { nodes: 4, batchesPerNode: 12 };
const FULL: Size = { nodes: 64, batchesPerNode: 64 };

/**
 * The whole aggregator of one partition: from encoded batches in a log in memory to views committed in a store in
 * memory, through every stage of pipeline.ts.
 *
 * The limit, measured in the same run on the same bytes: decoding and folding each batch in a plain loop, without log,
 * order, windows, commits and RxJS. Decoding alone stands beside it.
 */
export async function run({ smoke }: { readonly smoke: boolean }): Promise<Readonly<Record<string, unknown>>> {
  const size = smoke ? SMOKE : FULL;
  const clock = new SystemClock();
  const log = new MemoryLog({ clock, partitions: 1, bytesMax: LOG_BYTES_MAX });
  const store = new MemoryStore(clock);
  const payloads = await fill(log, size);
  const decodeMs = measure(clock, () => decodeAll(payloads, () => {}));
  const foldMs = measure(clock, () => foldPlainly(payloads));
  const worker = await foldAll(log, store, clock);
  const events = await foldedEvents(store, size);
  const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
  return {
    seed: "node-<number>",
    nodes: size.nodes,
    batches: payloads.length,
    events,
    hash: worker.hash,
    bytes_per_event: bytes / events,
    decode_events_per_s_core: (events / decodeMs) * 1000,
    limit_events_per_s_core: (events / foldMs) * 1000,
    pipeline_events_per_s_core: (events / worker.elapsedMs) * 1000,
    ratio_to_limit: foldMs / worker.elapsedMs,
  };
}

/** Batches of all nodes in turn, so that no node's state stays in the caches. */
async function fill(log: MemoryLog, { nodes, batchesPerNode }: Size): Promise<Uint8Array[]> {
  const scripted = Array.from({ length: nodes }, (_, at) => new ScriptedNode(`node-${at}`));
  const payloads: Uint8Array[] = [];
  for (let round = 0; round < batchesPerNode; round++) {
    for (const node of scripted) {
      const { payload } = node.next(BASE_MS + round * BATCH_MS, EVENTS_PER_BATCH);
      payloads.push(payload);
      await log.append({ kind: "event", partition: 0 }, node.id, payload);
    }
  }
  return payloads;
}

/** The second of two runs: the first one warms the code up. */
function measure(clock: SystemClock, work: () => void): number {
  work();
  const startMs = clock.monotonicMs();
  work();
  return clock.monotonicMs() - startMs;
}

function decodeAll(payloads: readonly Uint8Array[], use: (batch: Batch, content: BatchContent) => void): void {
  const content = new BatchContent();
  for (const payload of payloads) {
    const { body } = fromBinary(EventRecordSchema, payload);
    invariant(body.case === "batch", "the bench made batches only");
    content.decode(body.value);
    use(body.value, content);
  }
}

function foldPlainly(payloads: readonly Uint8Array[]): void {
  const folds = new Map<string, NodeFold>();
  decodeAll(payloads, (batch, content) => {
    const { node } = batch.identity!;
    const fold = folds.get(node) ?? new NodeFold(node);
    folds.set(node, fold);
    fold.fold(batch, content, { position: 1, appendedAtMs: BASE_MS, openFromMs: BASE_MS });
  });
}

async function foldAll(log: MemoryLog, store: MemoryStore, clock: SystemClock) {
  const logger = createLogger("bench", "silent");
  const shared = { log, store, clock, logger, keys: new Keys("fs"), limits: DEFAULT_LIMITS, namespace: "fs" };
  const focus = new Focus(log, clock, logger);
  const worker = new PartitionWorker(0, { ...shared, partitions: 1, replicaId: "bench" }, focus);
  const { last } = await log.positions({ kind: "event", partition: 0 });
  const startMs = clock.monotonicMs();
  await runUntil(worker, () => (worker.state?.pending.position ?? 0) >= last);
  const elapsedMs = clock.monotonicMs() - startMs;
  return { elapsedMs, hash: await hashOf(worker, store) };
}

async function hashOf(worker: PartitionWorker, store: MemoryStore): Promise<string> {
  const keys = new Keys("fs");
  const nodes = [...worker.state!.nodes.values()].map(async ({ node, fold }) => {
    const view = fromBinary(NodeViewSchema, (await store.get(keys.node(0, node)))!);
    return { view, runs: fold.pages.encodeRuns() };
  });
  const hash = createHash("sha256");
  for (const bytes of canonicalBytes(await Promise.all(nodes))) hash.update(bytes);
  return hash.digest("hex");
}

async function foldedEvents(store: MemoryStore, { nodes }: Size): Promise<number> {
  const keys = new Keys("fs");
  let folded = 0;
  for (let at = 0; at < nodes; at++) {
    const view = fromBinary(NodeViewSchema, (await store.get(keys.node(0, `node-${at}`)))!);
    folded += Number(view.pages!.folded);
  }
  return folded;
}
