/** An installation in memory for the tests of this package: two nodes in one farm, at a standing clock. */
import { zstdCompressSync } from "node:zlib";
import { openCoordination } from "@farmscope/coordination";
import { Distribution, type PageMapRun, partitionOf } from "@farmscope/domain";
import { MemoryLog } from "@farmscope/log";
import {
  create,
  FarmViewSchema,
  FarmWindowSchema,
  NodeViewSchema,
  NodeWindowSchema,
  PageMapViewSchema,
  Signal,
  toBinary,
} from "@farmscope/proto";
import { createLogger, ManualClock } from "@farmscope/runtime";
import { type Commit, Keys, MemoryStore, type Scope, type ViewStore } from "@farmscope/store";
import { createQueryApi, type QueryApi } from "./query-api.ts";

export const PARTITIONS = 4;
export const FARM = "default";
/** A whole number of windows after the epoch. */
export const START_MS = 1_700_000_000_000;
export const WIDTH_MS = 10_000;
export const keys = new Keys("fs");

export interface Installation {
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly store: MemoryStore;
  readonly api: QueryApi;
}

export function installation(config: { tokensFile?: string; http?: string } = {}): Installation {
  const clock = new ManualClock(START_MS + 60_000);
  const log = new MemoryLog({ clock, partitions: PARTITIONS });
  const store = new MemoryStore(clock);
  const coordination = openCoordination({ kind: "memory", url: "", namespace: "fs", replicas: 1, clock });
  const logger = createLogger("test", "silent");
  const settings = { http: "127.0.0.1:0", namespace: "fs", partitions: PARTITIONS, tokensFile: "", ...config };
  return { clock, log, store, api: createQueryApi({ log, store, coordination, clock, logger, config: settings }) };
}

/** Commits on top of whatever the scope has. */
export async function commit(store: ViewStore, scope: Scope, changes: Partial<Commit>): Promise<void> {
  const { epoch, incarnation, position } = await store.claim(scope);
  const base = { epoch, incarnation, previousPosition: position, recordId: "", puts: [], deletes: [], series: [] };
  await store.commit(scope, { ...base, position: position + 1, ...changes });
}

/** 90 delays of 5 us and 10 of 100 us. */
export function delays(): Distribution {
  const distribution = new Distribution();
  for (let i = 0; i < 100; i++) distribution.recordExactUs(i < 90 ? 5 : 100);
  return distribution;
}

const distributions = () => [{ signal: Signal.RUNQ_DELAY, distribution: delays().toProto() }];

/** One block of 1 page and one of 512: 513 free pages, of which 1 is unusable to a huge page. */
const FREE_BLOCKS = [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];
export const ZONE = {
  name: "Normal",
  numaNode: 0,
  managed: 2048,
  freePages: 513,
  pcpPages: 3,
  allocatedPages: 1532,
  freeBlocks: FREE_BLOCKS,
  buddyinfo: FREE_BLOCKS,
  kernelPcpPages: 3,
};
export const UNUSABLE_INDEX = 1 / 513;

const FACTS = {
  hostname: "edge-1",
  kernelRelease: "6.18.0",
  architecture: "x86_64",
  source: "synthetic",
  cpus: 2,
  pageSizeBytes: 4096,
  maxOrder: 10,
  hugeOrder: 9,
  zones: [
    { name: "DMA", startPfn: 0, spanned: 16, present: 16, managed: 16 },
    { name: "Normal", startPfn: 16, spanned: 48, present: 48, managed: 48 },
  ],
  absent: ["gc: no symbols"],
};

export function nodeView(node: string, position: number) {
  const view = create(NodeViewSchema, {
    foldVersion: 1,
    node,
    farm: FARM,
    boot: "b",
    partition: partitionOf(node, PARTITIONS),
    position: BigInt(position),
    lastEventMs: BigInt(START_MS + 50_000),
    lastAppendMs: BigInt(START_MS + 50_010),
    online: true,
    observed: true,
    facts: FACTS,
    pages: { in: 110n, folded: 100n, dropped: 5n, lost: 3n, held: 2n },
    zones: [ZONE],
    distributions: distributions(),
    coverage: 0.97,
    agreement: { observationId: 1, reason: 1, atMs: BigInt(START_MS), frames: 1000n, wrong: 1n, ambiguous: 2n },
    batches: { folded: 4n, gaps: 1n },
  });
  return { key: keys.node(view.partition, node), value: toBinary(NodeViewSchema, view) };
}

export function nodeWindow(node: string, startMs: number) {
  const window = create(NodeWindowSchema, {
    node,
    farm: FARM,
    online: true,
    zones: [ZONE],
    coverage: 0.9,
    hugeOrder: 9,
  });
  window.distributions = create(NodeViewSchema, { distributions: distributions() }).distributions;
  const series = keys.nodeWindows(partitionOf(node, PARTITIONS), WIDTH_MS, node);
  return { series, startMs, value: toBinary(NodeWindowSchema, window), keepFromMs: 0 };
}

export function farmWindow(startMs: number, nodes: readonly string[], revision = 0) {
  return create(FarmWindowSchema, {
    farm: FARM,
    widthMs: WIDTH_MS,
    startMs: BigInt(startMs),
    revision,
    nodesOnline: nodes.length,
    nodesKnown: nodes.length,
    freePages: BigInt(513 * nodes.length),
    managedPages: BigInt(2048 * nodes.length),
    hugeOrder: 9,
    orders: [
      {
        order: 9,
        freeBlocks: BigInt(nodes.length),
        usablePages: BigInt(512 * nodes.length),
        unusableIndex: UNUSABLE_INDEX,
        worstNode: nodes[0] ?? "",
        worstUnusableIndex: UNUSABLE_INDEX,
      },
    ],
    distributions: distributions(),
    coverage: 0.8,
    partitionsUsed: [0, 1, 2, 3],
    nodes: nodes.map((node) => ({ node, online: true, unusableIndexHuge: UNUSABLE_INDEX, coverage: 0.8 })),
  });
}

export async function commitFarm(store: ViewStore, window: ReturnType<typeof farmWindow>): Promise<void> {
  const { farm } = window;
  const partition = partitionOf(farm, PARTITIONS);
  const view = create(FarmViewSchema, { foldVersion: 1, farm, latest: window });
  const series = keys.farmWindows(partition, WIDTH_MS, farm);
  await commit(store, `m${partition}`, {
    puts: [{ key: keys.farm(partition, farm), value: toBinary(FarmViewSchema, view) }],
    series: [{ series, startMs: Number(window.startMs), value: toBinary(FarmWindowSchema, window), keepFromMs: 0 }],
  });
}

export async function commitNode(store: ViewStore, node: string, position: number): Promise<void> {
  const series = [0, 10_000, 20_000].map((offset) => nodeWindow(node, START_MS + offset));
  await commit(store, `p${partitionOf(node, PARTITIONS)}`, { puts: [nodeView(node, position)], series });
}

/** Nodes "a" and "b" of the farm, with three windows each; the farm's windows too. */
export async function fill(store: ViewStore): Promise<void> {
  for (const node of ["a", "b"]) await commitNode(store, node, 7);
  for (const offset of [0, 10_000, 20_000]) await commitFarm(store, farmWindow(START_MS + offset, ["a", "b"]));
}

/** A page map of 64 frames in the wire's format, by hand from its description. */
export async function commitPageMap(
  store: ViewStore,
  node: string,
  runs: readonly PageMapRun[],
  position = 7,
): Promise<void> {
  const bytes = runs.flatMap(({ count, order, state }) => {
    const repeats = count / 2 ** order;
    const head = varint((order << 3) | (state << 1) | (repeats > 1 ? 1 : 0));
    return repeats > 1 ? [...head, ...varint(repeats - 2)] : head;
  });
  const view = create(PageMapViewSchema, {
    foldVersion: 1,
    node,
    position: BigInt(position),
    watermarkMs: BigInt(START_MS + 50_000),
    facts: FACTS,
    frames: runs.reduce((frames, run) => frames + run.count, 0),
    runsZstd: zstdCompressSync(Uint8Array.from(bytes)),
  });
  const partition = partitionOf(node, PARTITIONS);
  const put = { key: keys.pageMap(partition, node), value: toBinary(PageMapViewSchema, view) };
  await commit(store, `p${partition}`, { puts: [put] });
}

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
