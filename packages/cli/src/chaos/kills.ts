import { join } from "node:path";
import type { Clock } from "@farmscope/runtime";
import { drawDisturbances, WAIT_MS_MEAN } from "./disturbance.ts";
import { Disturber } from "./disturber.ts";
import { Installation, type LogKind } from "./installation.ts";
import { type Outcome, type Rebuilt, readOutcome, rebuild } from "./outcome.ts";
import { startAggregators, startTraffic, type Traffic } from "./traffic.ts";

export interface KillsOptions {
  readonly clock: Clock;
  readonly log: LogKind;
  readonly directory: string;
  readonly seed: number;
  readonly nodes: number;
  readonly kills: number;
  /** Page events a second and node. */
  readonly rate: number;
  /** What an undisturbed run of the same came to. Default: one is made first. */
  readonly reference?: Outcome;
  readonly tell: (line: string) => void;
}

/** What `npm run chaos -- kills --json` ends with. */
export interface KillsReport {
  readonly log: LogKind;
  readonly seed: number;
  readonly nodes: number;
  readonly kills: number;
  readonly by_kind: Readonly<Record<string, number>>;
  readonly restarts: Readonly<Record<string, number>>;
  readonly fenced: number;
  readonly unexpected_exits: number;
  readonly hash: string;
  readonly reference_hash: string;
  readonly events: Outcome["events"];
  readonly reference_events: Outcome["events"];
  readonly lost: number;
  readonly gaps: number;
  readonly duplicates: number;
  readonly rebuild: Rebuilt;
  readonly wall_s: number;
  /** What is not as it should be; empty when all is well. */
  readonly faults: readonly string[];
}

const EMITTERS = 4;
const AGGREGATORS = 2;
const PARTITIONS = 8;
const NODE_MIB = 16;
/** Traffic goes on for so many times as long as the disturbances are meant to take: they may have to wait for their turn. */
const TRAFFIC_MARGIN = 1.6;
/** So often that restarts and takeovers go on from checkpoints, too. */
const CHECKPOINT_INTERVAL_MS = 15_000;
const TRAFFIC_MS_MAX = 600_000;

/** Runs seeded traffic undisturbed, then again among kills and pauses, and compares. */
export async function runKills(options: KillsOptions): Promise<KillsReport> {
  const { clock, seed, nodes, kills } = options;
  const beganMs = clock.monotonicMs();
  const traffic = trafficOf(options);
  const reference = options.reference ?? (await runUndisturbed(options));
  const disturbed = await amongKills(options, traffic);
  const report = { ...disturbed, reference_hash: reference.hash, reference_events: reference.events };
  const wall_s = Math.round((clock.monotonicMs() - beganMs) / 1_000);
  return { log: options.log, seed, nodes, ...report, wall_s, faults: faultsOf(report, kills) };
}

/** The same traffic, as fast as it goes, with nothing in its way. */
export async function runUndisturbed(options: KillsOptions): Promise<Outcome> {
  const { clock, nodes, tell } = options;
  const traffic = trafficOf(options);
  tell(`undisturbed: ${nodes} nodes, ${traffic.eventsPerNode} page events each, as fast as they go`);
  await using installation = await install(options, "undisturbed");
  await startAggregators(installation, AGGREGATORS);
  const emitters = await startTraffic(installation, { ...traffic, rate: 0 });
  const reference = await readOutcome(installation, emitters, TRAFFIC_MS_MAX, clock);
  tell(`undisturbed: hash ${reference.hash}, ${reference.events.in} events, ${reference.events.lost} lost`);
  return reference;
}

function trafficOf({ seed, nodes, kills, rate }: KillsOptions): Traffic {
  const eventsPerNode = Math.ceil((rate * kills * WAIT_MS_MEAN * TRAFFIC_MARGIN) / 1_000);
  return { seed, nodes, emitters: Math.min(EMITTERS, nodes), eventsPerNode, rate, nodeMib: NODE_MIB };
}

async function amongKills(options: KillsOptions, traffic: Traffic) {
  const { clock, seed, kills, tell } = options;
  await using installation = await install(options, "disturbed");
  await startAggregators(installation, AGGREGATORS);
  const emitters = await startTraffic(installation, traffic);
  const disturber = new Disturber(installation.parts, clock, tell);
  try {
    await disturber.run(drawDisturbances(seed, kills));
  } finally {
    disturber.wakeAll();
  }
  tell("all is quiet: waiting until everything is folded");
  const { hash, events, gaps, duplicates } = await readOutcome(installation, emitters, TRAFFIC_MS_MAX, clock);
  const disorderly = await installation.stopServices("aggregator");
  tell(`disturbed: hash ${hash}, ${events.in} events, ${events.lost} lost; folding the log again`);
  return {
    kills,
    by_kind: disturber.counts,
    restarts: Object.fromEntries(installation.parts.map(({ name, process: { restarts } }) => [name, restarts])),
    fenced: installation.fenced,
    unexpected_exits: installation.unexpectedExits + disorderly,
    hash,
    events,
    lost: events.lost,
    gaps,
    duplicates,
    rebuild: await rebuild(installation, clock),
  };
}

function install({ clock, log, directory, tell }: KillsOptions, name: string): Promise<Installation> {
  const settings = { checkpointIntervalMs: CHECKPOINT_INTERVAL_MS };
  return Installation.start({ clock, log, directory: join(directory, name), partitions: PARTITIONS, settings, tell });
}

function faultsOf(report: Omit<KillsReport, "log" | "seed" | "nodes" | "wall_s" | "faults">, kills: number): string[] {
  const { events, reference_events: expected, rebuild: again } = report;
  const done = Object.values(report.by_kind).reduce((sum, count) => sum + count, 0);
  const faults: [boolean, string][] = [
    [report.hash !== report.reference_hash, "the hash is not that of the undisturbed run"],
    [events.in !== expected.in || events.folded !== expected.folded, "the counts are not those of the undisturbed run"],
    [events.in !== events.folded + events.dropped + events.lost + events.held, "the balance does not hold"],
    [events.lost !== 0 || expected.lost !== 0 || report.gaps !== 0, "something was lost"],
    [again.different !== 0, "the log gives something else again"],
    [again.windows === 0, "no windows were compared"],
    [report.unexpected_exits !== 0, "a service gave up by itself"],
    [done !== kills, `${done} of ${kills} disturbances were done`],
  ];
  return faults.filter(([isSo]) => isSo).map(([, text]) => text);
}
