import { Distribution } from "@farmscope/domain";
import { type Agreement as AgreementView, type NodeView, ObservationReason } from "@farmscope/proto";
import { rfc3339 } from "../period.ts";
import type { FreeBlocksAnswer, NodeAnswer, NodeLine } from "../schemas/index.ts";
import { balancesOf } from "./balances.ts";
import { enumName } from "./enum-name.ts";
import { allOrders, freeMemoryOf, freePages, orderMemory, zoneMemory } from "./free-memory.ts";
import { describeDistribution, distributionOf, latencySummaries, nameOfSignal, quantileUs } from "./latency.ts";
import { num, ratio, share } from "./number.ts";

/** Orders of a huge page where a node has not told: 2 MiB of 4 KiB pages. */
const HUGE_ORDER_DEFAULT = 9;

export const hugeOrderOf = (view: NodeView): number => view.facts?.hugeOrder ?? HUGE_ORDER_DEFAULT;

/** Where an answer comes from. */
export type Basis = "view" | "log";

/** What every answer about a node carries. */
export function nodeStandingOf(view: NodeView, basis: Basis = "view") {
  return {
    coverage: share(view.coverage),
    at: rfc3339(num(view.lastEventMs)),
    node: view.node,
    partition: view.partition,
    position: num(view.position),
    basis,
  };
}

/** The index at the huge-page order; null until something of the node's memory is known. */
function headline(view: NodeView): number | null {
  if (view.zones.length === 0) return null;
  return orderMemory(freeMemoryOf(view.zones), hugeOrderOf(view)).unusableIndex;
}

export function nodeLine(view: NodeView): NodeLine {
  const memory = freeMemoryOf(view.zones);
  return {
    node: view.node,
    label: labelOf(view),
    farm: view.farm,
    partition: view.partition,
    position: num(view.position),
    online: view.online,
    observed: view.observed,
    source: view.facts?.source ?? "",
    unusableIndex: headline(view),
    freePages: freePages(memory),
    managedPages: memory.managedPages,
    runqP99Us: quantileUs(distributionOf(view, "runq_delay"), 0.99),
    gcP99Us: quantileUs(distributionOf(view, "gc_pause"), 0.99),
    rightRatio: view.agreement === undefined ? null : rightRatio(view.agreement),
    coverage: share(view.coverage),
    lastEventMs: num(view.lastEventMs),
    skewMs: view.skewMs,
  };
}

function labelOf(view: NodeView): string {
  return view.facts?.nodeLabel || view.facts?.hostname || view.node;
}

function rightRatio(agreement: AgreementView): number | null {
  return ratio(num(agreement.frames - agreement.wrong), num(agreement.frames));
}

export function nodeAnswer(view: NodeView, basis: Basis = "view"): NodeAnswer {
  const memory = freeMemoryOf(view.zones);
  return {
    ...nodeStandingOf(view, basis),
    label: labelOf(view),
    farm: view.farm,
    boot: view.boot,
    startMs: num(view.start),
    online: view.online,
    observed: view.observed,
    lastEventMs: num(view.lastEventMs),
    lastAppendMs: num(view.lastAppendMs),
    skewMs: view.skewMs,
    facts: factsOf(view),
    unusableIndex: headline(view),
    freePages: freePages(memory),
    managedPages: memory.managedPages,
    orders: allOrders(memory),
    zones: view.zones.map(zoneMemory),
    latency: latencySummaries(view),
    cgroups: cgroupsOf(view),
    balances: balancesOf(view),
    batches: batchesOf(view),
    pageCounters: pageCountersOf(view),
    recovered: num(view.recovered),
    agreement: agreementOf(view.agreement),
  };
}

function factsOf({ facts }: NodeView): NodeAnswer["facts"] {
  if (facts === undefined) return null;
  const { hostname, kernelRelease, architecture, source, cpus, pageSizeBytes, maxOrder, hugeOrder, absent } = facts;
  return { hostname, kernelRelease, architecture, source, cpus, pageSizeBytes, maxOrder, hugeOrder, absent };
}

function cgroupsOf(view: NodeView): NodeAnswer["cgroups"] {
  return view.cgroups.flatMap(({ signal, cgroup, path, distribution }) => {
    const name = nameOfSignal(signal);
    if (name === null || distribution === undefined) return [];
    return [{ signal: name, cgroup, path, ...describeDistribution(Distribution.fromProto(distribution)) }];
  });
}

function batchesOf({ batches }: NodeView): NodeAnswer["batches"] {
  const count = (field: "folded" | "duplicates" | "gaps" | "held" | "dead"): number => num(batches?.[field] ?? 0n);
  return {
    folded: count("folded"),
    duplicates: count("duplicates"),
    gaps: count("gaps"),
    held: count("held"),
    dead: count("dead"),
  };
}

function pageCountersOf({ pageCounters }: NodeView): NodeAnswer["pageCounters"] {
  const { alloc = 0n, free = 0n, drain = 0n, refill = 0n, extfrag = 0n, anomalies } = pageCounters ?? {};
  const named = Object.entries(anomalies ?? {}).filter(
    (entry): entry is [string, bigint] => typeof entry[1] === "bigint",
  );
  return {
    alloc: num(alloc),
    free: num(free),
    drain: num(drain),
    refill: num(refill),
    extfrag: num(extfrag),
    anomalies: Object.fromEntries(named.map(([name, count]) => [name, num(count)])),
  };
}

function agreementOf(view: AgreementView | undefined): NodeAnswer["agreement"] {
  if (view === undefined) return null;
  return {
    observationId: view.observationId,
    reason: enumName(ObservationReason, view.reason),
    atMs: num(view.atMs),
    frames: num(view.frames),
    wrong: num(view.wrong),
    ambiguous: num(view.ambiguous),
    rightRatio: rightRatio(view),
  };
}

export function freeBlocksAnswer(view: NodeView, basis: Basis = "view"): FreeBlocksAnswer {
  return {
    ...nodeStandingOf(view, basis),
    observed: view.observed,
    hugeOrder: hugeOrderOf(view),
    orders: allOrders(freeMemoryOf(view.zones)),
    zones: view.zones.map(zoneMemory),
  };
}
