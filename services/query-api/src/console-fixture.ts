/** A fleet in memory behind a real query API on a real port, for looking at the console: seeded, of any size. */
import { zstdCompressSync } from "node:zlib";
import { openCoordination } from "@farmscope/coordination";
import { Distribution, PageState, partitionOf, Random, VarintWriter } from "@farmscope/domain";
import { MemoryLog } from "@farmscope/log";
import {
  AlertRecordSchema,
  create,
  fromBinary,
  type NodeView,
  NodeViewSchema,
  NodeWindowSchema,
  PageMapViewSchema,
  Severity,
  Signal,
  Transition,
  toBinary,
} from "@farmscope/proto";
import { createLogger, SystemClock } from "@farmscope/runtime";
import { MemoryStore } from "@farmscope/store";
import { commit, commitFarm, farmWindow, keys, nodeView, PARTITIONS, WIDTH_MS } from "./fixtures.ts";
import { createQueryApi } from "./query-api.ts";

const MAX_ORDER = 10;
const HUGE_ORDER = 9;

export interface ConsoleFleetOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly farms: number;
  /** Page frames of the node that has a page map, the first one. */
  readonly frames: number;
  /** Closed windows of ten seconds before now, for every farm and the first node. */
  readonly windows: number;
  readonly http?: string;
}

export interface ConsoleFleet extends AsyncDisposable {
  readonly url: string;
  /** Commits every node and the page map anew, as if each had sent a batch. */
  update(): Promise<void>;
}

export const nodeName = (index: number): string => `edge-${String(index).padStart(4, "0")}`;
const farmName = (index: number): string =>
  ["lathe", "orchard", "harbour", "quarry", "mill", "depot"][index] ?? `farm-${index}`;

/** Starts the query API over memory ports and fills them. */
export async function startConsoleFleet(options: ConsoleFleetOptions): Promise<ConsoleFleet> {
  const clock = new SystemClock();
  const log = new MemoryLog({ clock, partitions: PARTITIONS });
  const store = new MemoryStore(clock);
  const coordination = openCoordination({ kind: "memory", url: "", namespace: "fs", replicas: 1, clock });
  const config = { http: options.http ?? "127.0.0.1:0", namespace: "fs", partitions: PARTITIONS, tokensFile: "" };
  const api = createQueryApi({ log, store, coordination, clock, logger: createLogger("test", "silent"), config });
  const fleet = new FleetWriter(store, new Random(options.seed), options);
  await fleet.writeWindows(clock.nowMs());
  await fleet.writeNodes(clock.nowMs());
  await fleet.writePageMap(clock.nowMs());
  await fleet.writeAlerts(log, clock.nowMs());
  const controller = new AbortController();
  const url = await api.start();
  const running = api.run(controller.signal);
  return {
    url,
    async update() {
      await fleet.writeNodes(clock.nowMs());
      await fleet.writePageMap(clock.nowMs());
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

class FleetWriter {
  readonly #store: MemoryStore;
  readonly #random: Random;
  readonly #options: ConsoleFleetOptions;
  #position = 0;
  /** Of each node, since it was first seen. */
  readonly #sums: [Distribution, Distribution][] = [];
  #runsZstd: Uint8Array | null = null;

  constructor(store: MemoryStore, random: Random, options: ConsoleFleetOptions) {
    this.#store = store;
    this.#random = random;
    this.#options = options;
  }

  /** Current views of all nodes, one commit for each partition. */
  async writeNodes(nowMs: number): Promise<void> {
    this.#position += 10;
    const puts = new Map<number, { key: string; value: Uint8Array }[]>();
    for (let index = 0; index < this.#options.nodes; index++) {
      const node = nodeName(index);
      const { key, value } = nodeView(node, this.#position);
      const view = fromBinary(NodeViewSchema, value);
      this.#dress(view, index, nowMs);
      const partition = partitionOf(node, PARTITIONS);
      puts.set(partition, [...(puts.get(partition) ?? []), { key, value: toBinary(NodeViewSchema, view) }]);
    }
    for (const [partition, of] of puts) await commit(this.#store, `p${partition}`, { puts: of });
  }

  #dress(view: NodeView, index: number, nowMs: number): void {
    view.farm = farmName(index % this.#options.farms);
    view.lastEventMs = BigInt(nowMs - this.#random.nextInt(900));
    view.lastAppendMs = BigInt(nowMs);
    view.online = this.#random.nextInt(200) !== 0;
    view.coverage = this.#random.nextInt(20) === 0 ? 0.93 : 1;
    const zone = view.zones[0]!;
    zone.managed = this.#options.frames;
    zone.freeBlocks = this.#freeBlocks(this.#options.frames / 10);
    zone.buddyinfo = zone.freeBlocks;
    zone.freePages = zone.freeBlocks.reduce((sum, blocks, order) => sum + blocks * 2 ** order, 0);
    const [delays, pauses] = this.#sums[index] ?? [new Distribution(), new Distribution()];
    this.#sums[index] = [delays, pauses];
    delays.add(this.#delays(40, 200));
    pauses.add(this.#delays(2_000, 40));
    view.distributions = [
      { signal: Signal.RUNQ_DELAY, distribution: delays.toProto() },
      { signal: Signal.GC_PAUSE, distribution: pauses.toProto() },
    ].map((entry) => create(NodeViewSchema, { distributions: [entry] }).distributions[0]!);
    if (view.facts !== undefined) {
      view.facts.hostname = view.node;
      view.facts.nodeLabel = view.node;
      view.facts.source = "bpf";
    }
  }

  /** Free blocks that hold about so many pages, more or less broken up. */
  #freeBlocks(pages: number): number[] {
    const broken = this.#random.nextFloat() ** 2;
    return Array.from({ length: MAX_ORDER + 1 }, (_, order) => {
      const share = order >= HUGE_ORDER ? (1 - broken) / 2 : broken / HUGE_ORDER;
      return Math.round((pages * share * (0.6 + 0.8 * this.#random.nextFloat())) / 2 ** order);
    });
  }

  /** Values around a median in microseconds, with a tail. */
  #delays(medianUs: number, count: number): Distribution {
    const distribution = new Distribution();
    const median = medianUs * 2 ** (3 * this.#random.nextFloat() ** 2);
    for (let i = 0; i < count; i++) {
      const tail = this.#random.nextInt(40) === 0 ? 2 ** (6 * this.#random.nextFloat()) : 1;
      distribution.recordExactUs(median * 2 ** (2 * this.#random.nextFloat() - 1) * tail);
    }
    return distribution;
  }

  /** Windows of ten seconds, the newest closed just now. */
  async writeWindows(nowMs: number): Promise<void> {
    const newestMs = Math.floor(nowMs / WIDTH_MS) * WIDTH_MS - WIDTH_MS;
    const { windows, farms } = this.#options;
    for (let index = 0; index < windows; index++) {
      const startMs = newestMs - (windows - 1 - index) * WIDTH_MS;
      for (let farm = 0; farm < farms; farm++) await this.#writeFarmWindow(farmName(farm), startMs, index / windows);
      await this.#writeNodeWindow(startMs);
    }
  }

  async #writeFarmWindow(farm: string, startMs: number, progress: number): Promise<void> {
    const window = farmWindow(startMs, [nodeName(0), nodeName(1)]);
    window.farm = farm;
    const index = Math.min(0.97, 0.35 + 0.5 * progress + 0.06 * this.#random.nextFloat());
    for (const order of window.orders) {
      order.unusableIndex = index;
      order.worstUnusableIndex = Math.min(1, index + 0.08);
    }
    window.freePages = 5_000_000n;
    window.managedPages = 48_000_000n;
    window.coverage = 1;
    window.distributions = create(NodeViewSchema, {
      distributions: [
        { signal: Signal.RUNQ_DELAY, distribution: this.#delays(40 + 160 * progress, 400).toProto() },
        { signal: Signal.GC_PAUSE, distribution: this.#delays(2_000, 60).toProto() },
      ],
    }).distributions;
    await commitFarm(this.#store, window);
  }

  async #writeNodeWindow(startMs: number): Promise<void> {
    const node = nodeName(0);
    const zone = {
      name: "Normal",
      managed: this.#options.frames,
      freeBlocks: this.#freeBlocks(this.#options.frames / 10),
    };
    const window = create(NodeWindowSchema, {
      node,
      farm: farmName(0),
      online: true,
      observed: true,
      coverage: 1,
      hugeOrder: HUGE_ORDER,
      zones: [zone],
      distributions: [{ signal: Signal.RUNQ_DELAY, distribution: this.#delays(60, 200).toProto() }],
    });
    const partition = partitionOf(node, PARTITIONS);
    const series = { series: keys.nodeWindows(partition, WIDTH_MS, node), startMs, keepFromMs: 0 };
    await commit(this.#store, `p${partition}`, { series: [{ ...series, value: toBinary(NodeWindowSchema, window) }] });
  }

  /** A page map of the first node: long allocated stretches, free blocks of all orders between them. */
  async writePageMap(nowMs: number): Promise<void> {
    const node = nodeName(0);
    const { frames } = this.#options;
    const zones = [
      { name: "DMA32", startPfn: 0, spanned: frames / 8, present: frames / 8, managed: frames / 8 },
      {
        name: "Normal",
        startPfn: frames / 8,
        spanned: (7 * frames) / 8,
        present: (7 * frames) / 8,
        managed: (7 * frames) / 8,
      },
    ];
    const facts = { hostname: node, pageSizeBytes: 4096, maxOrder: MAX_ORDER, hugeOrder: HUGE_ORDER, cpus: 8, zones };
    this.#runsZstd ??= zstdCompressSync(this.#runs(frames));
    const view = create(PageMapViewSchema, {
      foldVersion: 1,
      node,
      position: BigInt(this.#position),
      watermarkMs: BigInt(nowMs),
      facts,
      frames,
      runsZstd: this.#runsZstd,
    });
    const partition = partitionOf(node, PARTITIONS);
    const put = { key: keys.pageMap(partition, node), value: toBinary(PageMapViewSchema, view) };
    await commit(this.#store, `p${partition}`, { puts: [put] });
  }

  /** In the format of packages/domain/src/wire/page-map-runs.ts: aligned blocks of random orders and states. */
  #runs(frames: number): Uint8Array {
    const writer = new VarintWriter(frames / 16);
    for (let first = 0; first < frames; ) {
      const aligned = first === 0 ? MAX_ORDER : Math.min(MAX_ORDER, 31 - Math.clz32(first & -first));
      const order = Math.max(0, aligned - this.#random.nextInt(3));
      const draw = this.#random.nextInt(10);
      const state = draw < 7 ? PageState.Allocated : draw < 9 || order > 3 ? PageState.Free : PageState.PerCpu;
      writer.varint32((order << 3) | (state << 1));
      first += 2 ** order;
    }
    return writer.finish();
  }

  /** An alert that fired, got worse, and one that is over. */
  async writeAlerts(log: MemoryLog, nowMs: number): Promise<void> {
    const farm = farmName(0);
    const event = (rule: string, transition: Transition, agoMs: number, severity: Severity, value: number) => ({
      version: 1,
      id: `${rule}/${transition}/${agoMs}`,
      body: {
        case: "event" as const,
        value: {
          rule,
          alertKey: `${rule}{farm=${farm}}`,
          incident: `${rule}{farm=${farm}}@1`,
          transition,
          reason: "threshold_crossed",
          severity,
          value,
          lower: value - 0.01,
          upper: value + 0.01,
          coverage: 1,
          atMs: BigInt(nowMs - agoMs),
          sinceMs: BigInt(nowMs - agoMs),
          labels: { farm, team: "memory" },
          annotations: { summary: `${farm}: ${(value * 100).toFixed(1)} % of free memory is unusable for huge pages` },
        },
      },
    });
    const events = [
      event("RunQueueTail", Transition.FIRING, 840_000, Severity.CRITICAL, 0.006),
      event("FarmFragmented", Transition.PENDING, 780_000, Severity.WARNING, 0.61),
      event("FarmFragmented", Transition.FIRING, 760_000, Severity.WARNING, 0.63),
      event("RunQueueTail", Transition.RESOLVED, 600_000, Severity.CRITICAL, 0.002),
      event("FarmFragmented", Transition.ESCALATED, 60_000, Severity.CRITICAL, 0.87),
    ];
    for (const record of events)
      await log.append({ kind: "alert" }, "k", toBinary(AlertRecordSchema, create(AlertRecordSchema, record)));
  }
}
