import { type Clock, createLogger, invariant, OperatingError, type SupervisedProcess } from "@farmscope/runtime";
import { Keys } from "@farmscope/store";
import { openPorts, type Ports } from "../ports.ts";
import { waitUntil } from "../stack/wait.ts";
import { Installation, type LogKind } from "./installation.ts";
import { type Outcome, type Rebuilt, readBalance, rebuild } from "./outcome.ts";
import { TakeoverTimeline } from "./takeover-timeline.ts";
import { startAggregators, startTraffic } from "./traffic.ts";

export interface TakeoverOptions {
  readonly clock: Clock;
  readonly log: LogKind;
  readonly directory: string;
  readonly seed: number;
  /** Nodes of the replica that is killed; the other one has as many. */
  readonly nodes: number;
  readonly runs: number;
  /** Page events a second and node. */
  readonly rate: number;
  readonly nodeMib: number;
  readonly partitions: number;
  /** Quiet time between two kills, in seconds. */
  readonly restSeconds: number;
  readonly checkpointIntervalMs: number;
  readonly tell: (line: string) => void;
}

/** One takeover, in milliseconds since the kill; each figure is that of the last partition to get there. */
export interface Takeover {
  readonly partitions: number;
  readonly nodes: number;
  readonly leased_ms: number;
  readonly restored_ms: number;
  readonly committed_ms: number;
}

/** What `npm run chaos -- takeover --json` ends with. */
export interface TakeoverReport {
  readonly log: LogKind;
  readonly nodes: number;
  readonly node_mib: number;
  readonly rate: number;
  readonly partitions: number;
  readonly median_ms: number;
  readonly worst_ms: number;
  readonly runs: readonly Takeover[];
  readonly lost: number;
  readonly events: Outcome["events"];
  readonly rebuild: Rebuilt;
  readonly faults: readonly string[];
}

/** DESIGN 16: from the kill to the first commit of every partition. */
const TAKEOVER_MS_MAX = 10_000;
const GIVE_UP_MS = 120_000;
const BALANCE_MS_MAX = 180_000;
const POLL_MS = 25;
const EMITTERS = 2;

/** Kills one of two replicas again and again and measures how long its partitions stand still. */
export async function runTakeovers(options: TakeoverOptions): Promise<TakeoverReport> {
  const { clock, log, directory, nodes, runs, rate, nodeMib, partitions, tell } = options;
  const timeline = new TakeoverTimeline();
  const settings = { checkpointIntervalMs: options.checkpointIntervalMs };
  const onLine = (line: string): void => timeline.take(line);
  await using installation = await Installation.start({ clock, log, directory, partitions, settings, tell, onLine });
  const ports = await openPorts(installation.config, clock, createLogger("chaos", "silent"));
  try {
    const replicas = await startAggregators(installation, 2, { keepAlive: false });
    const traffic = { seed: options.seed, nodes: 2 * nodes, emitters: EMITTERS, eventsPerNode: 0, rate, nodeMib };
    const emitters = await startTraffic(installation, traffic);
    await untilNodes(ports, options, 2 * nodes);
    const takeovers: Takeover[] = [];
    for (let run = 0; run < runs; run++) {
      await untilShared(ports, options);
      await clock.sleep(options.restSeconds * 1_000);
      takeovers.push(await takeOver(replicas[run % 2]!, ports, timeline, options));
      tell(`${run + 1} of ${runs}: ${JSON.stringify(takeovers.at(-1))}`);
      await replicas[run % 2]!.start();
    }
    await Promise.all(emitters.map((emitter) => emitter.stop()));
    const events = await readBalance(installation, clock);
    await installation.stopServices("aggregator");
    return reportOf(options, takeovers, events, await rebuild(installation, clock));
  } finally {
    await ports.close();
  }
}

async function takeOver(
  victim: SupervisedProcess,
  { store, coordination }: Ports,
  timeline: TakeoverTimeline,
  { clock, partitions }: TakeoverOptions,
): Promise<Takeover> {
  const holders = await coordination.holders("p");
  const orphans = numbers(partitions).filter((partition) => holders.get(`p${partition}`) === victim.name);
  invariant(orphans.length > 0, "who is killed owns something");
  const nodes = await countNodes(store, orphans);
  const before = new Map<number, { readonly epoch: number; readonly position: number }>();
  timeline.begin();
  await victim.kill();
  const killedMs = clock.nowMs();
  const began = clock.monotonicMs();
  // Nobody writes now: where it stands is where it was left.
  for (const partition of orphans) before.set(partition, (await store.committed(`p${partition}`))!);
  const isOwned = async (partition: number): Promise<boolean> => {
    const [now, then] = [await store.committed(`p${partition}`), before.get(partition)!];
    return now !== null && now.epoch > then.epoch && now.position > then.position;
  };
  const waiting = new Set(orphans);
  const isDone = async (): Promise<boolean> => {
    for (const partition of waiting) if (await isOwned(partition)) waiting.delete(partition);
    return waiting.size === 0;
  };
  if (!(await waitUntil(clock, GIVE_UP_MS, isDone, POLL_MS))) {
    throw new OperatingError("TIMEOUT", `partitions ${[...waiting]} were not taken over within ${GIVE_UP_MS} ms`);
  }
  const stages = orphans.map((partition) => timeline.of(partition));
  return {
    partitions: orphans.length,
    nodes,
    leased_ms: Math.max(...stages.map(({ leasedMs }) => (leasedMs ?? killedMs) - killedMs)),
    restored_ms: Math.max(...stages.map(({ restoredMs }) => (restoredMs ?? killedMs) - killedMs)),
    committed_ms: Math.round(clock.monotonicMs() - began),
  };
}

/** Waits until every node has a view. */
async function untilNodes(
  { store }: Ports,
  { clock, partitions, tell }: TakeoverOptions,
  nodes: number,
): Promise<void> {
  const areThere = async (): Promise<boolean> => (await countNodes(store, numbers(partitions))) >= nodes;
  if (!(await waitUntil(clock, BALANCE_MS_MAX, areThere, 500))) {
    throw new OperatingError("TIMEOUT", `not all of the ${nodes} nodes were seen within ${BALANCE_MS_MAX} ms`);
  }
  tell(`${nodes} nodes have been seen`);
}

/** Waits until both replicas hold half of the partitions, and each partition has been committed by who holds it. */
async function untilShared({ store, coordination, log }: Ports, { clock, partitions }: TakeoverOptions): Promise<void> {
  let epochs = "";
  const isShared = async (): Promise<boolean> => {
    const holders = await coordination.holders("p");
    const counts = [0, 1].map((index) => [...holders.values()].filter((id) => id === `aggregator-${index}`).length);
    if (holders.size !== partitions || Math.abs(counts[0]! - counts[1]!) > 1) return false;
    const committed = await Promise.all(numbers(partitions).map((partition) => store.committed(`p${partition}`)));
    const lasts = await Promise.all(
      numbers(partitions).map(async (partition) => (await log.positions({ kind: "event", partition })).last),
    );
    const isNear = committed.every((state, partition) => (state?.position ?? 0) >= lasts[partition]! - LAG_MAX);
    const now = JSON.stringify(committed.map((state) => state?.epoch));
    const isStable = now === epochs;
    epochs = now;
    return isNear && isStable;
  };
  if (await waitUntil(clock, BALANCE_MS_MAX, isShared, 1_000)) return;
  throw new OperatingError("TIMEOUT", `the replicas did not share the partitions within ${BALANCE_MS_MAX} ms`);
}

/** Records behind the newest one, at most, of an owner that keeps up. */
const LAG_MAX = 500;

async function countNodes(store: Ports["store"], partitions: readonly number[]): Promise<number> {
  const keys = new Keys("fs");
  const lists = await Promise.all(partitions.map((partition) => store.list(keys.nodeIndex(partition))));
  return lists.reduce((sum, list) => sum + list.length, 0);
}

function reportOf(
  { log, nodes, nodeMib, rate, partitions }: TakeoverOptions,
  runs: readonly Takeover[],
  events: Outcome["events"],
  again: Rebuilt,
): TakeoverReport {
  const times = runs.map((run) => run.committed_ms).sort((a, b) => a - b);
  const middle = Math.floor(times.length / 2);
  const worst = times.at(-1) ?? 0;
  const median = times.length % 2 === 1 ? times[middle]! : Math.round((times[middle - 1]! + times[middle]!) / 2);
  const faults: [boolean, string][] = [
    [worst > TAKEOVER_MS_MAX, `a takeover took ${worst} ms`],
    [events.lost + events.held > 0, "something was lost"],
    [again.different !== 0, "the log gives something else again"],
  ];
  return {
    log,
    nodes,
    node_mib: nodeMib,
    rate,
    partitions,
    median_ms: median,
    worst_ms: worst,
    runs,
    lost: events.lost,
    events,
    rebuild: again,
    faults: faults.filter(([isSo]) => isSo).map(([, text]) => text),
  };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
