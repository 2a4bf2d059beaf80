import { partitionOf } from "@farmscope/domain";
import type { NodeView, PageMapView } from "@farmscope/proto";
import { ObservationReason } from "@farmscope/proto";
import { type Clock, OperatingError } from "@farmscope/runtime";
import { Workload, type WorkloadName } from "@farmscope/testkit/workloads";
import { readNodeMaps } from "../stack/node-maps.ts";
import { type Outside, readNodeViews } from "../stack/summary.ts";
import { waitUntil } from "../stack/wait.ts";
import { countClasses, type ErrorClass } from "./classify.ts";
import { readFrameFlags } from "./frame-flags.ts";
import { frameHistories } from "./frame-histories.ts";
import { type KernelReading, readKernelPages } from "./kernel-reading.ts";
import { type KernelTotals, readKernelTotals } from "./kernel-totals.ts";
import { Moment } from "./moment.ts";
import { batchesOf } from "./node-batches.ts";
import { type TotalErrors, totalErrors } from "./totals.ts";
import { judgeFrames, type Verdict } from "./verdict.ts";

/** The answer of `farmscope truth`; its shape is part of the surface. */
export interface TruthReport {
  readonly workload: WorkloadName;
  readonly seconds: number;
  /** Page events that the log holds of the workload. */
  readonly events: number;
  readonly frames: number;
  readonly wrong: number;
  readonly right_ratio: number;
  /** Frames that events touched; the share of them that is right. */
  readonly touched: number;
  readonly touched_ratio: number;
  readonly ambiguous: number;
  readonly by_class: Partial<Record<ErrorClass, number>>;
  readonly pcp_total: number;
  readonly pcp_total_kernel: number;
  /** Frames by which the modelled per-CPU total misses the kernel's. */
  readonly pcp_total_error: number;
  readonly buddy_max_error: number;
  readonly unusable_max_error: number;
  readonly lost: number;
  readonly recovered: number;
  /** Frames read again on purpose (compaction, audit, reporting, growth) since the workload began. */
  readonly reread_frames: number;
  /** Full observations between the beginning of the workload and the comparison: there should be none. */
  readonly full_observations: number;
}

export interface TruthOptions {
  readonly outside: Outside;
  readonly clock: Clock;
  readonly workload: WorkloadName;
  readonly seconds: number;
  readonly tell: (line: string) => void;
}

const OBSERVED_MS_MAX = 120_000;
const MAP_MS_MAX = 60_000;
/** From the end of the workload to the comparison, in milliseconds: what is on its way arrives. */
const SETTLE_MS = 2_500;
/** What the log holds reaches this far behind the reading before it is judged: a batch is at most half a second old. */
const BEHIND_MS = 1_500;
const FULL_REASONS: readonly ObservationReason[] = [
  ObservationReason.START,
  ObservationReason.PERIODIC,
  ObservationReason.LOSS,
  ObservationReason.REQUESTED,
];

/** Runs a workload under a running installation that watches this kernel, and judges its map. */
export async function measureTruth(options: TruthOptions): Promise<TruthReport> {
  const { clock, workload: name, seconds, tell } = options;
  tell("waiting for the first observation");
  const before = await observedNode(options);
  const from = (await lastPosition(options, before.node)) + 1;
  tell(`running ${name} for ${seconds} s`);
  const workload = await Workload.start(name, seconds, clock);
  try {
    await workload.over;
    await clock.sleep(SETTLE_MS);
    return await compare(options, before, from);
  } finally {
    await workload.stop();
  }
}

async function compare(options: TruthOptions, before: NodeView, from: number): Promise<TruthReport> {
  const { clock, outside, tell } = options;
  const { node } = before;
  tell("waiting for the aggregator's map");
  const map = await currentMap(options, node);
  tell("reading the kernel's page frames");
  const totals = readKernelTotals();
  const reading = readKernelPages();
  await clock.sleep(BEHIND_MS);
  const through = await lastPosition(options, node);
  tell("judging");
  const moment = new Moment(map, reading);
  const logged = await carryOn(options, { node, map, moment, totals, from, through });
  const verdict = judgeFrames(reading, moment);
  const after = (await readNodeViews(outside)).find((view) => view.node === node) ?? before;
  const classes = await explain(options, { node, verdict, moment, reading, from, through, before, after });
  return report(options, { verdict, logged, classes, before, after });
}

interface Logged {
  readonly events: number;
  readonly reread: number;
  readonly full: number;
  readonly totals: TotalErrors;
}

interface Carrying {
  readonly node: string;
  readonly map: PageMapView;
  readonly moment: Moment;
  readonly totals: KernelTotals;
  readonly from: number;
  readonly through: number;
}

/** One pass over the log: what was touched, and the map's state at the moments of the readings. */
async function carryOn({ outside }: TruthOptions, carrying: Carrying): Promise<Logged> {
  const { node, map, moment, totals, from, through } = carrying;
  let [events, reread, full] = [0, 0, 0];
  let errors: TotalErrors | null = null;
  const totalsTick = totals.atNs / 64;
  const onTick = (tick: number): void => {
    if (errors === null && tick > totalsTick) errors = totalErrors(moment.state, totals);
  };
  for await (const { position, batch } of batchesOf(outside, node, Math.min(from, Number(map.position) + 1), through)) {
    if (position >= from) {
      events += batch.pages?.count ?? 0;
      const { observation } = batch;
      if (observation?.begin && FULL_REASONS.includes(observation.reason)) full++;
      for (const chunk of observation?.chunks ?? []) reread += chunk.count;
    }
    if (position <= Number(map.position)) moment.touch(batch);
    else moment.apply(batch, onTick);
  }
  return { events, reread, full, totals: errors ?? totalErrors(moment.state, totals) };
}

interface Explaining {
  readonly node: string;
  readonly verdict: Verdict;
  readonly moment: Moment;
  readonly reading: KernelReading;
  readonly from: number;
  readonly through: number;
  readonly before: NodeView;
  readonly after: NodeView;
}

async function explain({ outside }: TruthOptions, explaining: Explaining) {
  const { node, verdict, moment, from, through, after } = explaining;
  const { wrongFrames } = verdict;
  if (wrongFrames.length === 0) return {};
  const flags = readFrameFlags(wrongFrames);
  const histories = await frameHistories(wrongFrames, batchesOf(outside, node, from, through));
  const hugeFrames = 2 ** (after.facts?.hugeOrder ?? 9);
  const byBlock = new Map<number, number>();
  for (const pfn of wrongFrames) {
    const block = Math.floor(pfn / hugeFrames);
    byBlock.set(block, (byBlock.get(block) ?? 0) + 1);
  }
  const lost = lossOf(explaining);
  return countClasses(wrongFrames, (pfn) => ({
    state: moment.state[pfn]!,
    history: histories.get(pfn)!,
    flags: flags.get(pfn) ?? { free: false, inUse: false },
    wholeHugeBlock: byBlock.get(Math.floor(pfn / hugeFrames)) === hugeFrames,
    recursionLost: 0,
    otherLost: lost,
  }));
}

function lossOf({ before, after }: { readonly before: NodeView; readonly after: NodeView }): number {
  return Number((after.pages?.lost ?? 0n) - (before.pages?.lost ?? 0n));
}

interface Reporting {
  readonly verdict: Verdict;
  readonly logged: Logged;
  readonly classes: Partial<Record<ErrorClass, number>>;
  readonly before: NodeView;
  readonly after: NodeView;
}

function report({ workload, seconds }: TruthOptions, reporting: Reporting): TruthReport {
  const { verdict, logged, classes, before, after } = reporting;
  const { frames, wrong, touched, touchedWrong, ambiguous } = verdict;
  const { pcpTotal, pcpTotalKernel, buddyMaxError, unusableMaxError } = logged.totals;
  return {
    workload,
    seconds,
    events: logged.events,
    frames,
    wrong,
    right_ratio: frames === 0 ? 0 : 1 - wrong / frames,
    touched,
    touched_ratio: touched === 0 ? 1 : 1 - touchedWrong / touched,
    ambiguous,
    by_class: classes,
    pcp_total: pcpTotal,
    pcp_total_kernel: pcpTotalKernel,
    pcp_total_error: Math.abs(pcpTotal - pcpTotalKernel),
    buddy_max_error: buddyMaxError,
    unusable_max_error: unusableMaxError,
    lost: lossOf(reporting),
    recovered: Number(after.recovered - before.recovered),
    reread_frames: logged.reread,
    full_observations: logged.full,
  };
}

async function observedNode({ outside, clock }: TruthOptions): Promise<NodeView> {
  let found: NodeView | undefined;
  await waitUntil(clock, OBSERVED_MS_MAX, async () => {
    found = (await readNodeViews(outside)).find((view) => view.observed);
    return found !== undefined;
  });
  if (found === undefined) {
    throw new OperatingError("TIMEOUT", `no observation of this host was folded within ${OBSERVED_MS_MAX} ms`);
  }
  return found;
}

async function currentMap(options: TruthOptions, node: string): Promise<PageMapView> {
  const { outside, clock } = options;
  const floor = await lastPosition(options, node);
  const maps = await readNodeMaps(outside, clock, new Map([[node, floor]]), MAP_MS_MAX);
  const map = maps.get(node);
  if (map === undefined) throw new OperatingError("TIMEOUT", `no page map came within ${MAP_MS_MAX} ms`);
  return map;
}

async function lastPosition({ outside }: TruthOptions, node: string): Promise<number> {
  const partition = partitionOf(node, outside.partitions);
  return (await outside.log.positions({ kind: "event", partition })).last;
}
